/** What may be chosen, by the name of the choice. */
export type Factors = Readonly<Record<string, Readonly<Record<string, object>>>>;

/** One choice of each factor, by their names. */
export type Combination = Readonly<Record<string, string>>;

/**
 * Combinations in which any two choices of different factors meet at least once: most faults need no third. Each is built around
 * a pair that has not met yet, and then takes of every factor what meets the most that is new. The same every time.
 */
export function pairwise(factors: Factors): readonly Combination[] {
  const missing = new Set(allPairs(factors));
  const combinations: Combination[] = [];
  while (missing.size > 0) {
    const combination = grow(factors, missing);
    for (const pair of pairsOf(combination)) missing.delete(pair);
    combinations.push(combination);
  }
  return combinations;
}

function allPairs(factors: Factors): readonly string[] {
  const choices = Object.entries(factors).flatMap(([factor, levels]) => Object.keys(levels).map((level) => ({ factor, level })));
  return choices.flatMap((a, i) => choices.slice(i + 1).flatMap((b) => (a.factor === b.factor ? [] : [pairOf([a.factor, a.level], [b.factor, b.level])])));
}

function grow(factors: Factors, missing: ReadonlySet<string>): Combination {
  const [first = "[]"] = missing;
  let combination: Combination = Object.fromEntries(JSON.parse(first) as readonly (readonly [string, string])[]);
  for (const [factor, levels] of Object.entries(factors)) {
    if (factor in combination) continue;
    const candidates = Object.keys(levels).map((level): Combination => Object.assign({}, combination, { [factor]: level }));
    combination = candidates.reduce((best, next) => (newIn(next, missing) > newIn(best, missing) ? next : best));
  }
  return combination;
}

function newIn(combination: Combination, missing: ReadonlySet<string>): number {
  return pairsOf(combination).filter((pair) => missing.has(pair)).length;
}

function pairsOf(combination: Combination): readonly string[] {
  const chosen = Object.entries(combination);
  return chosen.flatMap((a, i) => chosen.slice(i + 1).map((b) => pairOf(a, b)));
}

function pairOf(...pair: readonly [readonly string[], readonly string[]]): string {
  return JSON.stringify(pair.toSorted(([a = ""], [b = ""]) => (a < b ? -1 : 1)));
}
