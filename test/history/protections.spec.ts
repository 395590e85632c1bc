import { describe, expect, it, onTestFinished } from 'vitest';
import type { CacheOptions } from '../../src/cache/cache-options.js';
import type { ManagedConnection } from '../../src/connection/managed-connection.js';
import type { LoadEnd } from '../../src/store/coherence.js';
import { FILL } from '../../src/store/redis-lease-scripts.js';
import { DELETE, WRITE } from '../../src/store/redis-scripts.js';
import { redisStore } from '../../src/store/redis-store.js';
import { ADOPT_TAGS, BUMP_TAGS } from '../../src/store/redis-tag-scripts.js';
import type { CoherentStore } from '../../src/store/coherent-store.js';
import type { StoreFactory } from '../../src/store/store.js';
import * as attacks from '../support/history/attacks.js';
import { Gate, inFrontOf, withAnswers, withChannel, withScript } from '../support/history/between.js';
import { memoryDatabase } from '../support/history/database.js';
import { forgetfulTier } from '../support/history/forgetful-tier.js';
import { ownNode } from '../support/history/own-node.js';
import { Playground } from '../support/history/playground.js';

const playground = new Playground();

type Wrap = (connection: ManagedConnection) => ManagedConnection;

/** What stands between the nodes and the rest, so that a protection is gone. */
interface Removal {
  readonly victim?: Wrap;
  readonly writer?: Wrap;
  readonly store?: StoreFactory;
}

interface Protection {
  readonly attack: attacks.Attack;
  /** Whether the victim remembers entries. */
  readonly memory?: boolean;
  readonly removed: Removal;
}

const asItIs: Wrap = (connection) => connection;
async function isHitBy({ attack, memory = false }: Protection, removed: Removal): Promise<boolean> {
  const { redis, proxy } = playground;
  const keyPrefix = playground.keyPrefix();
  const gate = new Gate();
  const { victim: wrapVictim = asItIs, writer: wrapWriter = asItIs, store } = removed;
  const cache: CacheOptions = store !== undefined ? { store } : memory ? { memory: {} } : {};
  const ttl = 60_000;
  const victim = await ownNode({
    name: 'victim',
    url: proxy.url,
    keyPrefix,
    cache: { ...cache, ttl, timeout: {} },
    connection: { deadline: 5_000 },
    wrap: (connection) => gate.in(wrapVictim(connection)),
  });
  onTestFinished(() => victim.close());
  const writer = await ownNode({
    name: 'writer',
    url: redis.url,
    keyPrefix,
    cache: { ttl, timeout: {}, memory: {} },
    connection: { deadline: 5_000 },
    wrap: wrapWriter,
  });
  onTestFinished(() => writer.close());
  const patience = Object.keys(removed).length === 0 ? 10_000 : 500;
  return attack({ victim, gate, writer, database: memoryDatabase(), redis, proxy, patience });
}

/** A store whose loads always end well, for all who wait for them. */
const credulous: StoreFactory = {
  open(context) {
    const connection = context.connection as ManagedConnection;
    const store: CoherentStore = redisStore({ ...context, connection });
    const current = (ends: LoadEnd[]): LoadEnd[] => ends.map((end) => ({ ...end, current: true }));
    const coherence = inFrontOf(store.coherence, {
      fill: async (fills) => current(await store.coherence.fill(fills)),
      release: async (leases, pause) => current(await store.coherence.release(leases, pause)),
    });
    return inFrontOf(store, { coherence });
  },
};

const PROTECTIONS: Record<string, Protection> = {
  'a fill needs the lease that it began with': {
    attack: attacks.fillAfterDelete,
    removed: {
      victim: (one) =>
        withScript(one, FILL, (source) => source.replace(/redis\.call\('GET', [^)]+\) == token/, 'true')),
    },
  },
  'a removal ends the lease': {
    attack: attacks.fillAfterDelete,
    removed: {
      writer: (one) =>
        withScript(one, DELETE, (source) => source.replace(/redis\.call\('DEL', unpack[^\n]+\n/, '\n')),
    },
  },
  'a write ends the lease': {
    attack: attacks.fillAfterSet,
    removed: {
      writer: (one) =>
        withScript(one, WRITE, (source) => source.replace(/redis\.call\('DEL', unpack[^\n]+\n/, '\n')),
    },
  },
  'an invalidated tag gets another version': {
    attack: attacks.fillAfterBump,
    removed: {
      writer: (one) =>
        withScript(one, BUMP_TAGS, (source) => source.replace('else change(at, value) end', 'end')),
    },
  },
  'a tag that a loader names must not have changed since the load began': {
    attack: attacks.fillOfNamedTagsAfterBump,
    removed: {
      victim: (one) =>
        withScript(one, ADOPT_TAGS, (source) => source.replaceAll('ours = false', 'ours = ours')),
    },
  },
  'a load is for who came later only if nothing has changed since it began': {
    attack: attacks.lateJoiner,
    removed: { store: credulous },
  },
  'nobody acquires a lease under a barrier': {
    attack: attacks.fillUnderBarrier,
    removed: { victim: (one) => withAnswers(one, ([name]) => (name === 'EXISTS' ? 0 : undefined)) },
  },
  'what changes while a reply is on its way is not remembered': {
    attack: attacks.lateReply,
    memory: true,
    removed: { store: forgetfulTier },
  },
  'the same for tags whose versions are on their way': {
    attack: attacks.lateVersions,
    memory: true,
    removed: { store: forgetfulTier },
  },
  'what was begun before a gap of the channel is not remembered after it': {
    attack: attacks.replyFromBeforeTheGap,
    memory: true,
    removed: {
      victim: (one) =>
        withChannel(one, (channel) => ({
          epoch: 0,
          get trusted() {
            return channel.trusted;
          },
          get trustedUntil() {
            return channel.trustedUntil;
          },
          listen: (prefixes, hearer) =>
            channel.listen(prefixes, { changed: (key) => hearer.changed(key), lost: () => undefined }),
        })),
    },
  },
  'the trust in the channel runs out by itself': {
    attack: attacks.pausedProcess,
    memory: true,
    removed: { victim: (one) => withChannel(one, () => ({ trusted: true, trustedUntil: Infinity })) },
  },
  'a removal is told though there was no entry': {
    attack: attacks.waitForOutdatedLoad,
    memory: true,
    removed: {
      writer: (one) =>
        withScript(one, DELETE, (source) => source.replace(/else event\(KEYS\[at\]\) end/, 'end')),
    },
  },
};

describe.each(Object.entries(PROTECTIONS))('%s', (_, protection) => {
  it('which keeps out what is old', async () => {
    expect(await isHitBy(protection, {})).toBe(false);
  });

  it('and without which it is let in', async () => {
    expect(await isHitBy(protection, protection.removed)).toBe(true);
  });
});
