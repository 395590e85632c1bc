import { describe, expect, it } from 'vitest';
import { lifeFor, TAG_LIFE, TagLives } from '../../../src/store/tag-lives.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = 1_000_000;
const one = { tag: 'tag', version: 'version one' };
const two = { tag: 'tag', version: 'version two' };

describe('how long a tag is known to live', () => {
  it('is unknown until it is learned, and then counts from that moment', () => {
    const lives = new TagLives();
    expect(lives.due([one], 1, START)).toEqual([one]);
    lives.learn(one, 10 * DAY, START);
    expect(lives.due([one], 10 * DAY, START)).toEqual([]);
    expect(lives.due([one], 10 * DAY, START + 1)).toEqual([one]);
    expect(lives.due([one], 4 * DAY, START + 6 * DAY)).toEqual([]);
    expect(lives.due([one], null, START)).toEqual([one]);
    lives.learn(one, null, START);
    expect(lives.due([one], null, START + 100 * DAY)).toEqual([]);
  });

  it('is that of a new tag from when the version before was last seen', () => {
    const lives = new TagLives();
    lives.learn(one, 100 * DAY, START);
    lives.due([one], DAY, START + 3 * DAY);
    expect(lives.due([two], TAG_LIFE, START + 3 * DAY)).toEqual([]);
    const later = START + 3 * DAY + TAG_LIFE / 3;
    expect(lives.due([two], TAG_LIFE, later)).toEqual([two]);
    expect(lives.due([two], (2 / 3) * TAG_LIFE, later)).toEqual([]);
  });

  it('is told of those only that are due', () => {
    const lives = new TagLives();
    const other = { tag: 'other', version: 'version one' };
    lives.learn(one, DAY, START);
    expect(lives.due([one, other], DAY, START)).toEqual([other]);
  });

  it('is forgotten rather than remembered without a bound', () => {
    const lives = new TagLives();
    lives.learn(one, null, START);
    for (let at = 0; at < 10_000; at++) lives.learn({ ...one, tag: `tag ${at}` }, null, START);
    expect(lives.due([one], 1, START)).toEqual([one]);
  });
});

it('a tag is given twice the life of an entry, an hour at least', () => {
  expect([lifeFor(0), lifeFor(HOUR / 2), lifeFor(10 * DAY), lifeFor(null)]).toEqual([
    TAG_LIFE,
    TAG_LIFE,
    20 * DAY,
    null,
  ]);
});
