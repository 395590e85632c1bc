import { createCodec } from '../../../src/codec/create-codec.js';
import type { ManagedConnection } from '../../../src/connection/managed-connection.js';
import { memoryTier } from '../../../src/store/memory-tier.js';
import { redisStore } from '../../../src/store/redis-store.js';
import type { StoreFactory } from '../../../src/store/store.js';
import type { Tier } from '../../../src/store/tier.js';
import { inFrontOf } from './between.js';

/** A store whose memory remembers what it is given as if it had been asked for at that moment. */
export const forgetfulTier: StoreFactory = {
  open(context) {
    const connection = context.connection as ManagedConnection;
    const codec = createCodec(
      { types: [], serializer: undefined, compressor: undefined, maxBytes: Infinity, format: 'entry' },
      'cache',
    );
    const tier: Tier = memoryTier({
      ...context,
      codec,
      channel: connection.changes,
      bounds: { max: 1_000, maxBytes: 1_000_000 },
      ttl: null,
      now: () => connection.now(),
      changed: () => undefined,
    });
    const forgetful = inFrontOf(tier, {
      look: () => ({
        keep(entryKey, fetched) {
          const look = tier.look([entryKey]);
          const kept = look.keep(entryKey, fetched);
          look.end();
          return kept;
        },
        end: () => undefined,
      }),
    });
    return redisStore({ ...context, connection, tier: forgetful });
  },
};
