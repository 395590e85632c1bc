import { InvalidOptionsError } from '../errors.js';

/** The most tags of one entry. */
const MAX_TAGS = 64;
/** The longest tag, in UTF-16 units. */
const MAX_TAG_LENGTH = 256;
/** Half a surrogate pair, of which UTF-8 makes the same as of every other: an entry carries its tags as UTF-8. */
const HALF = /\p{Surrogate}/u;

/** @throws InvalidOptionsError unless it can be a tag */
export function checkTag(tag: unknown, path = 'tags'): string {
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
  const list = listOf(tags, path);
  return list.length > MAX_TAGS ? tooMany(list, path) : list;
}

/** Reads the tags that are to be invalidated, at any number: one, or a list of them. */
export function tagsArgument(tags: unknown): readonly string[] {
  return typeof tags === 'string' ? [checkTag(tags)] : listOf(tags, 'tags');
}

/** Puts tags together, each once. @throws InvalidOptionsError when an entry cannot carry so many */
export function joinTags(tags: readonly string[], more: Iterable<string>): readonly string[] {
  const all = [...new Set([...tags, ...more])];
  return all.length > MAX_TAGS ? tooMany(all, 'tags') : all;
}

const NO_TAGS: readonly string[] = Object.freeze([]);

function listOf(tags: unknown, path: string): readonly string[] {
  if (
    typeof tags === 'string' ||
    typeof (tags as Iterable<unknown> | null)?.[Symbol.iterator] !== 'function'
  ) {
    throw new InvalidOptionsError(path, 'must be a list of tags', tags);
  }
  return [...new Set(Array.from(tags as Iterable<unknown>, (tag) => checkTag(tag, path)))];
}

function tooMany(tags: readonly string[], path: string): never {
  throw new InvalidOptionsError(path, `an entry can carry ${MAX_TAGS} tags at most`, tags);
}
