import { InvalidOptionsError } from '../errors.js';

/** The most tags of one entry. */
const MAX_TAGS = 64;
/** The longest tag, in UTF-16 units. */
const MAX_TAG_LENGTH = 256;
/** Half a surrogate pair, of which UTF-8 makes the same as of every other: an entry carries its tags as UTF-8. */
const HALF = /\p{Surrogate}/u;

/** What tags of the library itself begin with: those of responses. An application's never do, so that they never meet. */
const OWN = '~';

/** @throws InvalidOptionsError unless an application can give an entry this tag */
export function checkTag(tag: unknown, path = 'tags'): string {
  const checked = checkAnyTag(tag, path);
  if (!checked.startsWith(OWN)) return checked;
  throw new InvalidOptionsError(path, `must not begin with "${OWN}": such tags are the cache's own`, tag);
}

function checkAnyTag(tag: unknown, path: string): string {
  if (typeof tag === 'string' && tag !== '' && tag.length <= MAX_TAG_LENGTH && !HALF.test(tag)) return tag;
  const rule = `a tag must be a string of 1 to ${MAX_TAG_LENGTH} characters, none of them half a surrogate pair`;
  throw new InvalidOptionsError(path, rule, tag);
}

/**
 * Reads the tags of an entry: each once.
 *
 * @throws InvalidOptionsError when they are no list, one of them is no tag, or there are too many
 */
export function checkTags(tags: unknown, path = 'tags'): readonly string[] {
  if (tags === undefined) return NO_TAGS;
  const list = listOf(tags, path, checkTag);
  return list.length > MAX_TAGS ? tooMany(list, path) : list;
}

/** Reads the tags that are to be invalidated, at any number: one, or a list of them. They may be the library's own. */
export function tagsArgument(tags: unknown): readonly string[] {
  return typeof tags === 'string' ? [checkAnyTag(tags, 'tags')] : listOf(tags, 'tags', checkAnyTag);
}

/** Puts tags together, each once. @throws InvalidOptionsError when an entry cannot carry so many */
export function joinTags(tags: readonly string[], more: Iterable<string>): readonly string[] {
  const all = [...new Set([...tags, ...more])];
  return all.length > MAX_TAGS ? tooMany(all, 'tags') : all;
}

const NO_TAGS: readonly string[] = Object.freeze([]);

function listOf(
  tags: unknown,
  path: string,
  check: (tag: unknown, path: string) => string,
): readonly string[] {
  if (
    typeof tags === 'string' ||
    typeof (tags as Iterable<unknown> | null)?.[Symbol.iterator] !== 'function'
  ) {
    throw new InvalidOptionsError(path, 'must be a list of tags', tags);
  }
  return [...new Set(Array.from(tags as Iterable<unknown>, (tag) => check(tag, path)))];
}

function tooMany(tags: readonly string[], path: string): never {
  throw new InvalidOptionsError(path, `an entry can carry ${MAX_TAGS} tags at most`, tags);
}
