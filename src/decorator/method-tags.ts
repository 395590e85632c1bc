import { checkTag } from '../cache/check-tags.js';
import { InvalidOptionsError } from '../errors.js';

/** Gives tags as a decorator may take them. @throws InvalidOptionsError naming `path` unless it is a list of tags */
export function tagList(tags: unknown, path: string): readonly string[] {
  if (!Array.isArray(tags)) throw new InvalidOptionsError(path, 'must be a list of tags', tags);
  return tags.map((tag) => checkTag(tag, path));
}
