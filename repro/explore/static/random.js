// numpy's legacy generator, draw for draw, from which the threads draw their weights.

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
    /** @type {number[]} the second of a pair of normal draws */
    this.kept = [];
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
    const kept = this.kept.pop();
    if (kept !== undefined) return kept;
    let x, y, square;
    do {
      x = 2 * this.random() - 1;
      y = 2 * this.random() - 1;
      square = x * x + y * y;
    } while (square >= 1 || square === 0);
    const factor = Math.sqrt((-2 * Math.log(square)) / square);
    this.kept.push(factor * x);
    return factor * y;
  }

  /** Return so many standard normal numbers. @param {number} count */
  normals(count) {
    return new Float64Array(count).map(() => this.normal());
  }

  /** Return 0 to n - 1 in a random order: `permutation`. @param {number} n */
  permutation(n) {
    const order = new Uint32Array(n).map((_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const mask = 2 ** (32 - Math.clz32(i)) - 1;
      let j;
      do j = (this.bits() & mask) >>> 0;
      while (j > i);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }
}
