// What a scene's description says of its networks: when they are looked at, and what is told of them.

/** What a snapshot's flags mean. @type {Record<string, number>} */
export const FLAGS = { born: 1, dead: 2, lit: 4, differs: 8 };

/** Return the steps that are looked at. @param {Scene} scene @param {Settings} settings @returns {number[]} */
export function stepsOf({ looks, horizon, steps_each }, settings) {
  const last = steps_each * settings[horizon];
  return [...looks.filter((step) => step < last), last];
}

/**
 * Return the lines at values, as far as they hold for these settings.
 * @param {Scene} scene @param {Settings} settings
 */
export const marksOf = ({ marks }, settings) =>
  marks.filter(({ settings: needed }) =>
    Object.entries(needed).every(([name, values]) => values.includes(settings[name])),
  );

/** @param {Scene} scene @param {Snapshot} snapshot @param {string} word */
function is({ learned: [above, below] }, { value, flags }, word) {
  if (word === "all") return true;
  if (word === "learned") return value > above && value < below;
  return word === "unborn" ? !(flags & FLAGS.born) : Boolean(flags & FLAGS[word]);
}

/**
 * Put numbers into a scene's sentence: {a+b} is how many snapshots are both.
 * @param {Scene} scene @param {Snapshot[]} snapshots
 */
export function tell(scene, snapshots) {
  const mean = snapshots.reduce((sum, { value }) => sum + (value || 0), 0) / snapshots.length;
  const count = (/** @type {string} */ words) =>
    snapshots.filter((snapshot) => words.split("+").every((word) => is(scene, snapshot, word))).length;
  return scene.sentence.replace(
    /\{([a-z+]+)\}/g,
    (_, words) => `${words === "mean" ? Math.round(100 * mean) : count(words)}`,
  );
}
