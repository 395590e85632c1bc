import { inFrontOf } from '../history/between.js';
import type { KeySpace } from '../../../src/key/key-space.js';
import type { RedisArgument, RedisReply } from '../../../src/connection/connection.js';
import type { LoadEnd } from '../../../src/store/coherence.js';
import type { CoherentStore } from '../../../src/store/coherent-store.js';
import { BAR_KEYS } from '../../../src/store/redis-barrier-scripts.js';
import { FILL } from '../../../src/store/redis-lease-scripts.js';
import type { RedisLease } from '../../../src/store/redis-lease.js';
import { DELETE, EXPIRE } from '../../../src/store/redis-scripts.js';
import { ADOPT_TAGS, CREATE_TAGS } from '../../../src/store/redis-tag-scripts.js';
import type { Tier } from '../../../src/store/tier.js';
import type { Removal } from './model-field.js';
import type { ModelRedis } from './model-redis.js';
import { groups, lifeIn, type ModelScript } from './model-script.js';
import { modelScripts, scriptTable } from './model-scripts.js';

function does(source: string): ModelScript {
  return modelScripts.bySource.get(source) as ModelScript;
}

function instead(script: { readonly source: string; readonly sha1: string }, other: ModelScript): Removal {
  return { scripts: scriptTable([[script, other]]) };
}

/** Lets a script run as it is, and puts the leases back that it has ended. */
function keepingLeases(script: { readonly source: string; readonly sha1: string }): Removal {
  return instead(script, (redis, keys, args) => {
    const leases = keys
      .filter((key) => key.includes(':l:'))
      .map((key) => [key, redis.get(key), redis.pttl(key)] as const);
    const answer = does(script.source)(redis, keys, args);
    for (const [key, token, life] of leases) if (token !== undefined) redis.put(key, token, life);
    return answer;
  });
}

/** A tier whose looks begin when the answer is there. */
const lateLooks = (tier: Tier): Tier =>
  inFrontOf(tier, {
    look: (entryKeys) => ({
      keep: (entryKey, fetched) => {
        const look = tier.look(entryKeys);
        const kept = look.keep(entryKey, fetched);
        look.end();
        return kept;
      },
      end: () => undefined,
    }),
  });

function withCoherence(own: (store: CoherentStore, space: KeySpace) => Partial<CoherentStore['coherence']>) {
  return (store: CoherentStore, space: KeySpace): CoherentStore =>
    inFrontOf(store, { coherence: inFrontOf(store.coherence, own(store, space)) });
}

/** The lease with the versions that stand now, as if they were read after the load. */
function recaptured(redis: ModelRedis, space: KeySpace, lease: RedisLease): RedisLease {
  const textOf = (key: string): string => redis.text(key) ?? '';
  return {
    ...lease,
    generations: space.generationKeys.map(textOf).join('') || lease.generations,
    sequence: textOf(space.sequenceKey) || lease.sequence,
    tags: lease.tags.map(({ tag, version }) => ({
      tag,
      version: textOf(space.tagKey(tag)).slice(0, version.length) || version,
    })),
  };
}

/** Whether a command asks for a lease. */
function takesLease([name, key]: readonly RedisArgument[]): boolean {
  return name === 'SET' && String(key).includes(':l:');
}

/** Loads that claim to be as new as who came last. */
async function asCurrent(ends: Promise<LoadEnd[]>): Promise<LoadEnd[]> {
  return (await ends).map((end) => ({ ...end, current: true }));
}

/** Protections of the protocol, each taken away. */
export const REMOVALS = {
  'a fill needs the lease that it began with': instead(FILL, (redis, keys, args) =>
    groups(keys, 2).map(([entry = '', lease = ''], at) => {
      redis.put(entry, args[3 + 3 * at] as string, lifeIn(args[4 + 3 * at]));
      redis.remove(lease);
      return 1;
    }),
  ),
  'a removal ends the lease': keepingLeases(DELETE),
  'an expiry ends the lease': keepingLeases(EXPIRE),
  'a barrier removes what is there': instead(BAR_KEYS, (redis, keys, args) => {
    const entries = groups(keys, 3).map(
      ([entry = '']) => [entry, redis.get(entry), redis.pttl(entry)] as const,
    );
    const answer = does(BAR_KEYS.source)(redis, keys, args);
    for (const [entry, bytes, life] of entries) if (bytes !== undefined) redis.put(entry, bytes, life);
    return answer;
  }),
  'a memory remembers nothing that changed while it was looked for': {
    wrap: () => ({ wrapTier: lateLooks }),
  },
  'a memory forgets what its own process changes': {
    wrap: () => ({
      wrapTier: (tier) => inFrontOf(tier, { drop: () => undefined, dropVersions: () => undefined }),
    }),
  },
  'versions are captured before the loader runs': {
    wrap: (redis) => ({
      wrapStore: withCoherence((store, space) => ({
        fill: (fills) =>
          store.coherence.fill(
            fills.map((one) => ({ ...one, lease: recaptured(redis, space, one.lease as RedisLease) })),
          ),
      })),
    }),
  },
  'who comes late is given nothing that was invalidated before': {
    wrap: () => ({
      wrapStore: withCoherence(({ coherence }) => ({
        fill: (fills) => asCurrent(coherence.fill(fills)),
        release: (leases, pause) => asCurrent(coherence.release(leases, pause)),
      })),
    }),
  },
  'tags that only the result names were not invalidated during the load': instead(
    ADOPT_TAGS,
    (redis, keys, args) => {
      const [, ...values] = does(CREATE_TAGS.source)(redis, keys, args) as readonly RedisReply[];
      return values;
    },
  ),
  'a lease is not taken from who holds it': {
    wrap: () => ({
      wrapConnection: (connection) =>
        inFrontOf(connection, {
          pipeline: (commands) =>
            connection.pipeline(
              commands.map(({ key, args }) => ({
                key,
                args: args.filter((one) => !takesLease(args) || one !== 'NX'),
              })),
            ),
        }),
    }),
  },
  'who finds a lease held waits': {
    wrap: () => ({
      wrapStore: withCoherence(({ coherence }) => ({
        acquire: async (requests) =>
          (await coherence.acquire(requests)).map((claim) =>
            claim.state === 'busy' ? { ...claim, failed: true } : claim,
          ),
      })),
    }),
  },
  'what may have been done in vain is remembered': {
    wrap: () => ({
      wrapConnection: (connection) => {
        const other = <T>(reply: Promise<T>): Promise<T> =>
          reply.catch((error: Error) => {
            throw new Error(error.message);
          });
        return inFrontOf(connection, {
          request: (command) => other(connection.request(command)),
          pipeline: (commands) => other(connection.pipeline(commands)),
          evaluate: (script, keys, args) => other(connection.evaluate(script, keys, args)),
        });
      },
    }),
  },
} satisfies Readonly<Record<string, Removal>>;
