/** Numbers that look random and come again with the same seed. */
export interface Random {
  /** A whole number from 0 up to, and without, this one. */
  below(count: number): number;
  of<Item>(items: readonly Item[]): Item;
}

/** xorshift, 32 bits (Marsaglia, 2003). */
export function random(seed: number): Random {
  let state = (seed * 2_654_435_761) | 1;
  const below = (count: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % count;
  };
  return {
    below,
    of: (items) => {
      const item = items[below(items.length)];
      if (item === undefined) throw new RangeError("nothing to choose from");
      return item;
    },
  };
}
