/**
 * A predicate that tells whether a glob matches a whole key, with Redis's meaning: `*` any run, `?` one character, `[a-z]`
 * and `[^a-z]` classes, `\` takes the next character as it is. Characters are Unicode code points. After a mismatch only
 * the last `*` is tried again, so that no glob can blow up.
 */
export function globMatcher(glob: string): (key: string) => boolean {
  const pattern = parseGlob(glob);
  return (key) => matches(pattern, [...key]);
}

function matches(pattern: readonly ('*' | GlobCharacter)[], characters: readonly string[]): boolean {
  let at = 0;
  let position = 0;
  let star = -1;
  let starPosition = 0;
  while (position < characters.length) {
    const part = pattern[at];
    if (part === '*') {
      star = at++;
      starPosition = position;
    } else if (part !== undefined && part.matches(characters[position] as string)) {
      at++;
      position++;
    } else if (star >= 0) {
      at = star + 1;
      position = ++starPosition;
    } else {
      return false;
    }
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}

/** One character of a glob. `literal` is the character it stands for, where it stands for just one. */
interface GlobCharacter {
  readonly literal?: string;
  matches(character: string): boolean;
}

/** The parts of a glob in order; `'*'` is any run of characters. */
export function parseGlob(glob: string): readonly ('*' | GlobCharacter)[] {
  const characters = [...glob];
  const parts: ('*' | GlobCharacter)[] = [];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] as string;
    if (character === '*') {
      if (parts.at(-1) !== '*') parts.push('*');
    } else if (character === '?') {
      parts.push({ matches: () => true });
    } else if (character === '[') {
      const { end, part } = readClass(characters, at + 1);
      parts.push(part);
      at = end;
    } else {
      if (character === '\\' && at + 1 < characters.length) at++;
      const literal = characters[at] as string;
      parts.push({ literal, matches: (one) => one === literal });
    }
  }
  return parts;
}

/**
 * Reads a class that begins at `start`, as Redis does: an escaped character begins no range, the end of a range may be any
 * character (`]` too), and an unfinished class ends with the pattern. `end` is where its `]` stands.
 */
function readClass(characters: readonly string[], start: number): { end: number; part: GlobCharacter } {
  const negated = characters[start] === '^';
  const ranges: [low: string, high: string][] = [];
  let at = negated ? start + 1 : start;
  for (; at < characters.length && characters[at] !== ']'; at++) {
    const escaped = characters[at] === '\\' && at + 1 < characters.length;
    if (escaped) at++;
    const low = characters[at] as string;
    const high = escaped || characters[at + 1] !== '-' ? undefined : characters[at + 2];
    if (high === undefined) {
      ranges.push([low, low]);
    } else {
      ranges.push(low <= high ? [low, high] : [high, low]);
      at += 2;
    }
  }
  const inRange = (one: string): boolean => ranges.some(([low, high]) => low <= one && one <= high);
  return { end: at, part: { matches: (one) => inRange(one) !== negated } };
}
