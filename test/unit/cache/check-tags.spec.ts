import { describe, expect, it } from 'vitest';
import { checkTag, checkTags, tagsArgument } from '../../../src/cache/check-tags.js';

describe('a tag', () => {
  it.each(['a', 'x'.repeat(256), '%uD800', '\ufffd', '\u{1F600}', '{}:#/', '\0'])('may be %j', (tag) => {
    expect(checkTag(tag)).toBe(tag);
  });

  it.each(['\ud800', 'a\udc00', '\udc00\ud800', '', 'x'.repeat(257), 1])('is not %j', (tag) => {
    expect(() => checkTag(tag)).toThrow('tags: a tag must be a string of 1 to 256 characters');
  });

  it('must not begin as those of the library do, but may be invalidated then', () => {
    expect(() => checkTag('~u:1', 'options.tags')).toThrow('options.tags: must not begin with "~"');
    expect(() => checkTags(['a', '~'], 'options.tags')).toThrow('options.tags: must not begin with "~"');
    expect(checkTag('a~')).toBe('a~');
    expect(tagsArgument(['~u:1', '~r:2'])).toEqual(['~u:1', '~r:2']);
    expect(tagsArgument('~u:1')).toEqual(['~u:1']);
  });

  it('is refused as well where it is to be invalidated: no entry carries it', () => {
    expect(() => tagsArgument('\ud800')).toThrow('half a surrogate pair');
  });
});
