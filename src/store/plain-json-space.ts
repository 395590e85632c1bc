import { escapeGlob } from '../key/escape.js';
import { globMatcher, parseGlob } from '../key/glob.js';
import { fromForeignKey, toForeignKey } from './foreign-space.js';

/** Redis keys that are a prefix and the user's key, as cache-manager's stores write them. */
export class PlainJsonSpace {
  /** What stands in front of every key, its separator included. */
  readonly prefix: string;

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  redisKey(key: string): string {
    return this.prefix + toForeignKey(key);
  }

  /** The user's keys among Redis keys, those that match the glob. */
  matcher(glob: string): (redisKey: string) => string | undefined {
    const matches = globMatcher(glob);
    return (redisKey) => {
      if (!redisKey.startsWith(this.prefix)) return undefined;
      const key = fromForeignKey(redisKey.slice(this.prefix.length));
      return matches(key) ? key : undefined;
    };
  }

  /** A pattern for SCAN that matches at least what `matcher` does: Redis matches bytes, so only literals are kept. */
  scanPattern(glob: string): string {
    let pattern = escapeGlob(this.prefix);
    let open = false;
    for (const part of parseGlob(glob)) {
      const literal = part === '*' ? undefined : part.literal;
      if (literal !== undefined) pattern += escapeGlob(literal);
      else if (!open) pattern += '*';
      open = literal === undefined;
    }
    return pattern;
  }
}
