import { eventually } from '../eventually.js';
import type { RedisServer } from '../redis-server.js';
import { signal, type Gate } from './between.js';
import type { Database } from './database.js';
import type { OwnNode } from './own-node.js';
import type { Reading } from './record.js';
import type { TcpProxy } from './tcp-proxy.js';
import { allTagsOf, changeOf, tagsOf } from './world.js';

/** Where an attack takes place. */
export interface Field {
  /** A node whose reads and loads are slow. It remembers entries if the attack is one on memory, and connects through `proxy`. */
  readonly victim: OwnNode;
  /** Holds replies to the victim. */
  readonly gate: Gate;
  /** A node that writes. */
  readonly writer: OwnNode;
  readonly database: Database;
  readonly redis: RedisServer;
  readonly proxy: TcpProxy;
  /** How long to wait for what must not happen, in milliseconds. */
  readonly patience: number;
}

/** A sequence of events that is made to happen. Whether something was served in the end that must not be. */
export type Attack = (field: Field) => Promise<boolean>;

/** A key without tags, one with declared tags, and one whose tags only its loader names. */
const PLAIN = 'k0';
const DECLARED = 'k1';
const NAMED = 'k3';

/** Loads a key on a node; the loader has read the database when `reading` is given, and answers after `go`. */
function slowLoad(
  { victim, database }: Field,
  key: string,
): {
  readonly reading: Promise<void>;
  go(): void;
  readonly done: Promise<unknown>;
} {
  const reading = signal();
  const go = signal();
  const done = victim.named.getOrSet<Reading>(
    key,
    async (context) => {
      const [version = 0] = await database.read([key]);
      reading.give();
      await go.given;
      context.tags(...tagsOf(key).named);
      return { key, version };
    },
    { tags: tagsOf(key).declared },
  );
  return { reading: reading.given, go: go.give, done };
}

async function isStale({ database }: Field, key: string, value: unknown): Promise<boolean> {
  const [version = 0] = await database.read([key]);
  return value !== undefined && (value as Reading).version < version;
}

/** Puts the present value of a key into the cache. */
async function put({ writer, database }: Field, key: string): Promise<void> {
  const [version = 0] = await database.read([key]);
  await writer.named.set(key, { key, version }, { tags: allTagsOf(key) });
}

/** Waits until the victim remembers what it reads. */
async function remembering(field: Field, key: string): Promise<void> {
  await put(field, key);
  await eventually(async () => {
    await field.victim.named.get(key);
    if (field.victim.named.peek(key) === undefined) throw new Error('It is not remembered.');
  });
}

/** Waits until the victim has heard of all that the writer has done before. */
async function heard({ victim, writer }: Field, fence: string): Promise<void> {
  await writer.named.del(fence);
  await eventually(() => {
    if (victim.named.peek(fence) !== undefined) throw new Error('It is still remembered.');
  });
}

/** A load that began before an invalidation is stored after it. */
function lateFill(key: string, invalidate: (field: Field, version: number) => Promise<unknown>): Attack {
  return async (field) => {
    const { writer, database } = field;
    await database.commit(changeOf({ keys: [key] }));
    const load = slowLoad(field, key);
    await load.reading;
    const version = await database.commit(changeOf({ keys: [key], tags: allTagsOf(key) }));
    await invalidate(field, version);
    load.go();
    await load.done;
    return isStale(field, key, await writer.named.get(key));
  };
}

export const fillAfterDelete = lateFill(PLAIN, ({ writer }) => writer.named.del(PLAIN));

export const fillAfterSet = lateFill(PLAIN, ({ writer }, version) =>
  writer.named.set(PLAIN, { key: PLAIN, version }),
);

export const fillAfterBump = lateFill(DECLARED, ({ writer }) =>
  writer.named.invalidateTags(tagsOf(DECLARED).declared),
);

export const fillOfNamedTagsAfterBump = lateFill(NAMED, ({ writer }) =>
  writer.named.invalidateTags(tagsOf(NAMED).named),
);

/** Somebody who asks after an invalidation is given what a load brings that began before it. */
export const lateJoiner: Attack = async (field) => {
  const { victim, writer, database } = field;
  const load = slowLoad(field, PLAIN);
  await load.reading;
  await database.commit(changeOf({ keys: [PLAIN] }));
  await writer.named.del(PLAIN);
  const joined = victim.named.getOrSet<Reading>(PLAIN, async () => {
    const [version = 0] = await database.read([PLAIN]);
    return { key: PLAIN, version };
  });
  load.go();
  await load.done;
  return isStale(field, PLAIN, await joined);
};

/** A load beside a change of the database is stored while a barrier stands, and served before it is lifted. */
export const fillUnderBarrier: Attack = async (field) => {
  const { victim, writer, database } = field;
  let stale = false;
  await writer.named.mutate({ keys: [PLAIN] }, async () => {
    const load = slowLoad(field, PLAIN);
    load.go();
    await load.done;
    await database.commit(changeOf({ keys: [PLAIN] }));
    stale = await isStale(field, PLAIN, await victim.named.get(PLAIN));
  });
  return stale;
};

/** A reply with an old entry comes after the message that the entry is gone. */
export const lateReply: Attack = async (field) => {
  const { victim, writer, database, gate } = field;
  await remembering(field, 'k4');
  await put(field, PLAIN);
  const hold = gate.close((args) => args.some((one) => String(one).endsWith(`{${PLAIN}}`)));
  const read = victim.named.get(PLAIN);
  await hold.reached;
  await database.commit(changeOf({ keys: [PLAIN] }));
  await writer.named.del(PLAIN);
  await heard(field, 'k4');
  hold.open();
  await read;
  return isStale(field, PLAIN, victim.named.peek(PLAIN));
};

/** A reply with an old version of a tag comes after the message that the tag has changed. */
export const lateVersions: Attack = async (field) => {
  const { victim, writer, database, gate } = field;
  const [tag = ''] = tagsOf(DECLARED).declared;
  await remembering(field, 'k4');
  await put(field, DECLARED);
  const hold = gate.close((args) => args.some((one) => String(one).endsWith(`:${tag}`)));
  const read = victim.named.get(DECLARED);
  await hold.reached;
  await database.commit(changeOf({ tags: [tag] }));
  await writer.named.invalidateTags(tag);
  await heard(field, 'k4');
  hold.open();
  await read;
  return isStale(field, DECLARED, victim.named.peek(DECLARED));
};

/** A reply from before the channel was down comes after it is up again. */
export const replyFromBeforeTheGap: Attack = async (field) => {
  const { victim, writer, database, gate, proxy } = field;
  await remembering(field, 'k4');
  await put(field, PLAIN);
  await heard(field, 'k4');
  const hold = gate.close((args) => args.some((one) => String(one).endsWith(`{${PLAIN}}`)));
  const read = victim.named.get(PLAIN);
  await hold.reached;
  const reconnect = proxy.hold(['channel'], ['up', 'down']);
  proxy.cut(['channel']);
  await eventually(() => {
    if (victim.connection.changes.trusted) throw new Error('The channel is still trusted.');
  });
  await database.commit(changeOf({ keys: [PLAIN] }));
  await writer.named.del(PLAIN);
  reconnect();
  await remembering(field, 'k5');
  hold.open();
  await read;
  return isStale(field, PLAIN, victim.named.peek(PLAIN));
};

/** The process stands still for longer than the channel may be trusted, and something is removed meanwhile. */
export const pausedProcess: Attack = async (field) => {
  const { victim, database, redis } = field;
  await remembering(field, PLAIN);
  await database.commit(changeOf({ keys: [PLAIN] }));
  const removed = redis.cli('FLUSHDB');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_100);
  const value = victim.named.peek(PLAIN);
  await removed;
  return isStale(field, PLAIN, value);
};

/** Somebody who asks after a removal has to wait for a load that began before it, though there was no entry to be removed. */
export const waitForOutdatedLoad: Attack = async (field) => {
  const { writer, database, patience } = field;
  await remembering(field, 'k4');
  const load = slowLoad(field, PLAIN);
  await load.reading;
  await database.commit(changeOf({ keys: [PLAIN] }));
  await writer.named.del(PLAIN);
  await heard(field, 'k4');
  const second = slowLoad(field, PLAIN);
  second.go();
  const late = new Promise<true>((resolve) => setTimeout(() => resolve(true), patience).unref());
  const waits = await Promise.race([second.reading.then(() => false), late]);
  load.go();
  await Promise.all([load.done, second.done]);
  return waits;
};
