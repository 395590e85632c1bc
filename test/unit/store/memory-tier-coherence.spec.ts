import { beforeEach, describe, expect, it } from 'vitest';
import type { FetchedEntry, Look } from '../../../src/store/tier.js';
import { GENERATION, OTHER, TierSetup } from './memory-tier-setup.js';

const OLD = 'version-old';
const NEW = 'version-new';
const tags = (version: string) => ({ tags: [{ tag: 't', version }] });

let setup: TierSetup;
let fetched: FetchedEntry;
let taggedEntry: FetchedEntry;

beforeEach(async () => {
  setup = new TierSetup();
  fetched = await setup.fetched({ value: 'old' });
  taggedEntry = await setup.fetched({ value: OLD, ...tags(OLD) });
});

/** What memory gives of a key for which `entry` was found by a look during which `meanwhile` happened. */
function valueAfter(meanwhile: (look: Look) => void, entry = fetched): unknown {
  const look = setup.tier.look([setup.key('k')]);
  meanwhile(look);
  look.keep(setup.key('k'), entry);
  look.end();
  return setup.value('k');
}

describe('what a look has found is not remembered', () => {
  const [generationKey] = new TierSetup().space.generationKeys as [string];

  it.each<[string, (setup: TierSetup, look: Look) => void]>([
    ['Redis told of its key', ({ channel }) => channel.push(setup.key('k'))],
    ['Redis told of its event', ({ channel }) => channel.push(`${setup.key('k')}!`)],
    ['Redis told of its tag', ({ channel, space }) => channel.push(space.tagKey('t'))],
    ['Redis told of its generation', ({ channel }) => channel.push(generationKey)],
    ['this process changed it', ({ tier }) => tier.drop([setup.key('k')])],
    ['this process changed its tag', ({ tier, space }) => tier.dropVersions([space.tagKey('t')])],
    ['this process cleared all', ({ tier }) => tier.dropVersions([generationKey])],
    ['the channel was lost', ({ channel }) => channel.down()],
    ['the channel was lost and came back', ({ channel }) => (channel.down(), channel.up())],
    ['nobody could tell for a moment', ({ channel }) => channel.hearers.forEach((one) => one.lost())],
    ['the channel has another epoch', ({ channel }) => (channel.epoch += 1)],
    ['the tier was closed', ({ tier }) => tier.close()],
    ['it was over', (_, look) => look.end()],
  ])('when meanwhile %s', (_, meanwhile) => {
    const value = valueAfter((look) => meanwhile(setup, look), taggedEntry);
    setup.channel.trustedUntil = Infinity;
    expect([value, setup.value('k')]).toEqual([undefined, undefined]);
    expect(setup.tier.sizes()).toMatchObject({ entries: 0, versions: 0, looks: 0, touched: 0 });
  });

  it('when it began while the channel was down, though it is up by now', () => {
    setup.channel.down();
    const look = setup.tier.look([setup.key('k')]);
    setup.channel.up();
    expect(look.keep(setup.key('k'), fetched)).toBeUndefined();
    look.end();
  });

  it('when Redis has told of its namespace', async () => {
    const part = setup.space.namespace('n');
    const entry = await setup.fetched({ value: 1, generations: GENERATION + OTHER }, part);
    const entryKey = part.entryKey('k');
    const look = setup.tier.look([entryKey]);
    setup.channel.push(part.generationKeys[1] as string);
    expect(look.keep(entryKey, entry)).toBeUndefined();
    look.end();
  });

  it('when more was told meanwhile than can be remembered', () => {
    const told = Array.from({ length: 10_001 }, (_, index) => setup.key(`other ${index}`));
    expect(valueAfter(() => told.forEach((key) => setup.channel.push(key)))).toBeUndefined();
    expect(setup.tier.sizes().touched).toBe(0);
  });
});

describe('what a look has found is remembered', () => {
  it('whatever is told of others', () => {
    const value = valueAfter(() => {
      for (const key of [setup.key('other'), setup.space.tagKey('t'), setup.space.sequenceKey, 'foreign']) {
        setup.channel.push(key);
      }
    });
    expect(value).toBe('old');
  });

  it('whatever was told before it began, while another look was under way', () => {
    const other = setup.tier.look([setup.key('k')]);
    setup.channel.push(setup.key('k'));
    expect(valueAfter(() => undefined)).toBe('old');
    other.end();
  });

  it('twice, where one look has asked for it twice', async () => {
    const other = setup.tier.look([setup.key('k')]);
    const value = valueAfter((look) => look.keep(setup.key('k'), taggedEntry));
    expect(value).toBe('old');
    other.end();
  });

  it('when the tier has heard nothing for a while, but nothing was lost', () => {
    setup.channel.trustedUntil = 10;
    const value = valueAfter(() => setup.clock.advance(20));
    expect(value).toBeUndefined();
    setup.channel.trustedUntil = Infinity;
    expect(setup.value('k')).toBe('old');
  });
});

describe('what is remembered is not given', () => {
  beforeEach(async () => {
    await setup.keep('k', OLD, tags(OLD));
    await setup.keep('plain', 1);
    expect([setup.value('k'), setup.value('plain')]).toEqual([OLD, 1]);
  });

  it('after Redis has told of it', () => {
    setup.channel.push(setup.key('k'));
    expect([setup.value('k'), setup.value('plain')]).toEqual([undefined, 1]);
    expect(setup.changes).toEqual(['changed k']);
  });

  it('after this process has changed it, from before it is sent', () => {
    setup.tier.drop([setup.key('k')]);
    expect([setup.value('k'), setup.value('plain')]).toEqual([undefined, 1]);
  });

  it('after its tag was invalidated', () => {
    setup.channel.push(setup.space.tagKey('t'));
    expect([setup.value('k'), setup.value('plain')]).toEqual([undefined, 1]);
    expect(setup.tier.sizes()).toMatchObject({ entries: 1, versions: 1 });
  });

  it('after this process has invalidated its tag', () => {
    setup.tier.dropVersions([setup.space.tagKey('t')]);
    expect([setup.value('k'), setup.value('plain')]).toEqual([undefined, 1]);
  });

  it('after its tag was invalidated once more, though an entry from before it is forgotten only now', async () => {
    setup.channel.push(setup.space.tagKey('t'));
    await setup.keep('new', NEW, tags(NEW));
    setup.tier.drop([setup.key('k')]);
    expect(setup.value('new')).toBe(NEW);
    setup.channel.push(setup.space.tagKey('t'));
    expect(setup.value('new')).toBeUndefined();
  });

  it('after a clear', () => {
    setup.channel.push(setup.space.generationKeys[0] as string);
    expect([setup.value('k'), setup.value('plain')]).toEqual([undefined, undefined]);
  });

  it('while the channel is not trusted at this moment, and again afterwards', () => {
    setup.channel.trustedUntil = 100;
    setup.clock.advance(99);
    expect(setup.value('plain')).toBe(1);
    setup.clock.advance(1);
    expect(setup.value('plain')).toBeUndefined();
    setup.channel.trustedUntil = 300;
    expect(setup.value('plain')).toBe(1);
  });

  it('after the channel was lost, not even when it is back', () => {
    setup.channel.down();
    setup.channel.up();
    expect([setup.value('k'), setup.value('plain')]).toEqual([undefined, undefined]);
    expect(setup.tier.sizes()).toMatchObject({ entries: 0, bytes: 0, versions: 0 });
  });

  it('after a look has found another version of its tag, which the channel has not told of yet', async () => {
    expect(await setup.keep('other', NEW, tags(NEW))).toBeUndefined();
    expect(setup.value('k')).toBeUndefined();
    expect(await setup.keep('other', NEW, tags(NEW))).toMatchObject({ value: NEW });
  });

  it('after a look has found something newer that is not remembered', async () => {
    await setup.keep('plain', 2, { ttl: 0 });
    expect(setup.value('plain')).toBeUndefined();
  });

  it('after something newer was read while nobody told', async () => {
    setup.channel.trustedUntil = 0;
    expect(await setup.keep('plain', 2)).toBeUndefined();
    setup.channel.trustedUntil = Infinity;
    expect([setup.value('plain'), setup.value('k')]).toEqual([undefined, OLD]);
  });

  it('to an older look: of two, what the later one has found stands', async () => {
    const entryKey = setup.key('plain');
    const [older, later] = [setup.tier.look([entryKey]), setup.tier.look([entryKey])];
    later.keep(entryKey, await setup.fetched({ value: 2 }));
    later.end();
    expect(older.keep(entryKey, await setup.fetched({ value: 1 }))).toBeUndefined();
    older.end();
    expect(setup.value('plain')).toBe(2);
  });

  it('to an older look, though what the later one has found was not remembered', async () => {
    const entryKey = setup.key('plain');
    const [older, later] = [setup.tier.look([entryKey]), setup.tier.look([entryKey])];
    later.keep(entryKey, await setup.fetched({ value: 2, ttl: 0 }));
    older.keep(entryKey, await setup.fetched({ value: 1 }));
    for (const look of [older, later]) look.end();
    expect(setup.value('plain')).toBeUndefined();
  });
});

describe('the parts of a cache', () => {
  const generations = GENERATION + OTHER;

  async function keepIn(name: string): Promise<string> {
    const part = setup.space.namespace(name);
    const entryKey = part.entryKey('k');
    const look = setup.tier.look([entryKey]);
    look.keep(entryKey, await setup.fetched({ value: name, generations }, part));
    look.end();
    return entryKey;
  }

  it('are cleared apart, and with the whole', async () => {
    const [one, two] = [await keepIn('one'), await keepIn('two')];
    setup.channel.push(setup.space.namespace('one').generationKeys[1] as string);
    expect([setup.tier.get(one)?.value, setup.tier.get(two)?.value]).toEqual([undefined, 'two']);
    setup.channel.push(setup.space.generationKeys[0] as string);
    expect(setup.tier.get(two)).toBeUndefined();
  });

  it('are told of by their names and keys', () => {
    const part = setup.space.namespace('a/b').namespace('c');
    setup.channel.push(part.entryKey('{k}!'));
    setup.channel.push(`${part.entryKey('k')}!`);
    expect(setup.changes).toEqual(['changed a/b/c/{k}!', 'changed a/b/c/k']);
  });
});

it('an unknown tag makes nothing invalid', async () => {
  await setup.keep('k', OLD, tags(OLD));
  setup.channel.push(setup.space.tagKey('another'));
  expect(setup.value('k')).toBe(OLD);
});
