// numpy's generators, draw for draw: the legacy one, from which the threads draw their weights, and the newer
// one, from which the studies draw the order of the images.

/** numpy.random.RandomState(seed): the Mersenne Twister, and the draws that numpy makes of it. */
export class RandomState {
  /** @param {number} seed an integer, 0 to 2**32 - 1 */
  constructor(seed) {
    this.state = new Uint32Array(624);
    this.state[0] = seed;
    for (let i = 1; i < 624; i++) {
      const previous = this.state[i - 1] ^ (this.state[i - 1] >>> 30);
      this.state[i] = Math.imul(1812433253, previous) + i;
    }
    this.position = 624;
    /** @type {number | null} the second of a pair of normal draws */
    this.kept = null;
  }

  /** Return 32 random bits as an integer. */
  bits() {
    if (this.position === 624) this.turn();
    let bits = this.state[this.position++];
    bits ^= bits >>> 11;
    bits ^= (bits << 7) & 0x9d2c5680;
    bits ^= (bits << 15) & 0xefc60000;
    return (bits ^ (bits >>> 18)) >>> 0;
  }

  turn() {
    const { state } = this;
    for (let i = 0; i < 624; i++) {
      const bits = (state[i] & 0x80000000) | (state[(i + 1) % 624] & 0x7fffffff);
      state[i] = state[(i + 397) % 624] ^ (bits >>> 1) ^ (bits & 1 ? 0x9908b0df : 0);
    }
    this.position = 0;
  }

  /** Return a number of [0, 1): `random_sample`. */
  random() {
    const high = this.bits() >>> 5;
    return (high * 67108864 + (this.bits() >>> 6)) / 9007199254740992;
  }

  /** @param {number} low @param {number} high */
  uniform(low, high) {
    return low + (high - low) * this.random();
  }

  /** Return a standard normal number, by the polar method: `randn`. */
  normal() {
    if (this.kept !== null) {
      const { kept } = this;
      this.kept = null;
      return kept;
    }
    let x, y, square;
    do {
      x = 2 * this.random() - 1;
      y = 2 * this.random() - 1;
      square = x * x + y * y;
    } while (square >= 1 || square === 0);
    const factor = Math.sqrt((-2 * Math.log(square)) / square);
    this.kept = factor * x;
    return factor * y;
  }

  /** Return so many standard normal numbers. @param {number} count */
  normals(count) {
    return Float64Array.from({ length: count }, () => this.normal());
  }
}

/** @param {number} n @param {() => number} bits 32 random ones */
function shuffled(n, bits) {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const mask = 2 ** (32 - Math.clz32(i)) - 1;
    let j;
    do j = (bits() & mask) >>> 0;
    while (j > i);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/**
 * Return the order in which a seed sees n samples in an epoch, counted from 1: `repro.training.order.data_order`,
 * which is `numpy.random.default_rng((seed, epoch)).permutation(n)`.
 * @param {number} seed @param {number} epoch @param {number} n
 */
export function dataOrder(seed, epoch, n) {
  return shuffled(n, pcg64(seedSequence([seed, epoch])));
}

const WORD = 0xffffffffn;
const TWO_WORDS = (1n << 64n) - 1n;
const FOUR_WORDS = (1n << 128n) - 1n;

/**
 * Return a function of 32 random bits: PCG64 (O'Neill 2014), the lower half of each draw first.
 * @param {Uint32Array} words eight
 */
function pcg64(words) {
  const pair = (/** @type {number} */ i) => BigInt(words[i]) | (BigInt(words[i + 1]) << 32n);
  const four = (/** @type {number} */ i) => (pair(i) << 64n) | pair(i + 2);
  const increment = ((four(4) << 1n) | 1n) & FOUR_WORDS;
  const next = (/** @type {bigint} */ s) => (s * 0x2360ed051fc65da44385df649fccf645n + increment) & FOUR_WORDS;
  let state = next((increment + four(0)) & FOUR_WORDS);
  /** @type {number | null} */
  let kept = null;
  return () => {
    if (kept !== null) {
      const half = kept;
      kept = null;
      return half;
    }
    state = next(state);
    const mixed = (state >> 64n) ^ (state & TWO_WORDS);
    const turn = state >> 122n;
    const draw = ((mixed >> turn) | (mixed << (64n - turn))) & TWO_WORDS;
    kept = Number(draw >> 32n);
    return Number(draw & WORD);
  };
}

/**
 * Return eight words made of integers below 2**32: numpy's SeedSequence, `generate_state(4, numpy.uint64)`.
 * @param {number[]} entropy
 */
function seedSequence(entropy) {
  let factor = 0x43b0d7e5;
  const hash = (/** @type {number} */ value) => {
    value ^= factor;
    factor = Math.imul(factor, 0x931e8875);
    value = Math.imul(value, factor);
    return (value ^ (value >>> 16)) >>> 0;
  };
  const mix = (/** @type {number} */ x, /** @type {number} */ y) => {
    const mixed = Math.imul(0xca01f9dd, x) - Math.imul(0x4973f715, y);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  };
  const pool = Uint32Array.from({ length: 4 }, (_, i) => hash(entropy[i] ?? 0));
  for (let source = 0; source < 4; source++) {
    for (let target = 0; target < 4; target++) {
      if (source !== target) pool[target] = mix(pool[target], hash(pool[source]));
    }
  }
  factor = 0x8b51f9dd;
  return Uint32Array.from({ length: 8 }, (_, i) => {
    let value = pool[i % 4] ^ factor;
    factor = Math.imul(factor, 0x58f38ded);
    value = Math.imul(value, factor);
    return (value ^ (value >>> 16)) >>> 0;
  });
}
