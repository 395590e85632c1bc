import type { Locks } from '../lock/lock.js';
import { failureNameOf, failureOf } from './failure-of.js';
import { registerCases, type BehaviourCase, type TestRunner } from './test-runner.js';

/** Locks to be tried, none of which is held. */
export interface LockSubject {
  readonly locks: Locks;
  /** The same locks as another process sees them; for locks of one process the same object. */
  readonly others: Locks;
  /** Takes the lock of a name of `locks` away from whoever holds it, as an eviction does. */
  readonly takeAway?: (name: string) => Promise<unknown>;
  /** Lets milliseconds pass for the locks: a `FakeClock` that they go by is advanced, or they are really waited. */
  pass(milliseconds: number): void | Promise<void>;
  close?(): unknown;
}

/** What not all locks can do: `lost` = one that is held can be lost. Then the subjects have `takeAway`. */
export type LockCapability = 'lost';

/** Which locks the suite tries, and how. */
export interface LockSuiteOptions {
  readonly name: string;
  /** Called for every test. What it gives shares no lock with what it gave before. */
  open(): LockSubject | Promise<LockSubject>;
  /** What the locks cannot do, as `false`; everything else is tried. */
  readonly capabilities?: Partial<Record<LockCapability, boolean>>;
}

/** Registers the tests that all `Locks` must pass. */
export function lockConformance(runner: TestRunner, options: LockSuiteOptions): void {
  const source = { open: () => options.open(), capabilities: options.capabilities ?? {} };
  runner.describe(`locks: ${options.name}`, () => {
    registerCases(runner, 'one holder at a time', EXCLUSION_CASES, source);
    registerCases(runner, 'the holder', HOLDER_CASES, source);
    registerCases(runner, 'arguments', ARGUMENT_CASES, source);
  });
}

type LockCase = BehaviourCase<LockSubject, LockCapability>;

const AT_ONCE = { wait: 0 } as const;
const NAMES = [
  'a',
  'A',
  'a:b',
  'a/b',
  '{a}',
  '%',
  '*',
  ' ',
  '\0',
  '=a',
  '1:a/=b',
  '__proto__',
  'ključ 🗝',
  '\ud800',
  'a#fence',
];

async function isFree(locks: Locks, name: string): Promise<boolean> {
  const lock = await locks.lock(name, AT_ONCE).catch(() => undefined);
  return (await lock?.release()) ?? false;
}

const EXCLUSION_CASES: readonly LockCase[] = [
  {
    title: 'a lock that is held is refused to others, until it is given back',
    async run({ locks, others }, expect) {
      const lock = await locks.lock('job', AT_ONCE);
      expect(await failureNameOf(others.lock('job', AT_ONCE))).toBe('LockTimeoutError');
      expect(await failureNameOf(locks.lock('job', AT_ONCE))).toBe('LockTimeoutError');
      expect(await lock.release()).toBe(true);
      expect(await isFree(others, 'job')).toBe(true);
    },
  },
  {
    title: 'who waits gets it when it is given back',
    async run({ locks, others, pass }, expect) {
      const lock = await locks.lock('job');
      const waiting = others.lock('job', { wait: '1h' });
      await pass(20);
      await lock.release();
      const next = await waiting;
      expect(await failureNameOf(locks.lock('job', AT_ONCE))).toBe('LockTimeoutError');
      expect(await next.release()).toBe(true);
    },
  },
  {
    title: 'who waits in vain is told so, by the name of the lock',
    async run({ locks, others, pass }, expect) {
      const lock = await locks.lock('nightly job');
      const failure = failureOf(others.lock('nightly job', { wait: 60 }));
      await pass(80);
      const { code, message } = (await failure) as { code: string; message: string };
      expect(code).toBe('LOCK_TIMEOUT');
      expect(message.includes('"nightly job"')).toBe(true);
      await lock.release();
      // Nobody waits any more who could be given it.
      expect(await isFree(others, 'nightly job')).toBe(true);
    },
  },
  {
    title: 'many who count at once under one lock add up',
    async run({ locks, others }, expect) {
      let count = 0;
      const add = async (own: Locks): Promise<void> => {
        const lock = await own.lock('counter', { wait: '1h' });
        const before = count;
        await Promise.resolve();
        count = before + 1;
        await lock.release();
      };
      await Promise.all(Array.from({ length: 20 }, (_, index) => add(index % 2 === 0 ? locks : others)));
      expect(count).toBe(20);
    },
  },
  {
    title: 'locks of different names are independent, of whatever text',
    async run({ locks, others }, expect) {
      const held = await Promise.all(NAMES.map((name) => locks.lock(name, AT_ONCE)));
      expect(held.map(({ name }) => name)).toStrictEqual(NAMES);
      const failures = NAMES.map((name) => failureNameOf(others.lock(name, AT_ONCE)));
      expect(await Promise.all(failures)).toStrictEqual(NAMES.map(() => 'LockTimeoutError'));
      const released = await Promise.all(held.map((lock) => lock.release()));
      expect(released).toStrictEqual(NAMES.map(() => true));
    },
  },
  {
    title: 'locks of a namespace are its own, and the same in every process',
    async run({ locks, others }, expect) {
      const parts = [locks, locks.namespace('a'), locks.namespace('b'), locks.namespace('a').namespace('b')];
      const held = await Promise.all(parts.map((part) => part.lock('job', AT_ONCE)));
      const other = others.namespace('a').namespace('b');
      expect(await failureNameOf(other.lock('job', AT_ONCE))).toBe('LockTimeoutError');
      await held[3]?.release();
      expect(await isFree(other, 'job')).toBe(true);
      expect(await failureNameOf(others.namespace('a').lock('job', AT_ONCE))).toBe('LockTimeoutError');
      for (const lock of held) await lock.release();
    },
  },
];

const HOLDER_CASES: readonly LockCase[] = [
  {
    title: 'gives a lock back once, and never that of the next holder',
    async run({ locks, others }, expect) {
      const first = await locks.lock('job');
      expect(await first.release()).toBe(true);
      const second = await others.lock('job');
      expect(await first.release()).toBe(false);
      expect(await failureNameOf(locks.lock('job', AT_ONCE))).toBe('LockTimeoutError');
      expect(await second.release()).toBe(true);
    },
  },
  {
    title: 'is given a fence that grows with each holder',
    async run({ locks, others }, expect) {
      let last = 0;
      for (let times = 0; times < 20; times++) {
        const lock = await (times % 2 === 0 ? locks : others).lock('job');
        expect(lock.fence > last && Number.isSafeInteger(lock.fence)).toBe(true);
        last = lock.fence;
        await lock.release();
      }
    },
  },
  {
    title: 'is not told of a loss when it gives the lock back',
    async run({ locks }, expect) {
      const lock = await locks.lock('job');
      expect(lock.signal.aborted).toBe(false);
      await lock.release();
      expect(lock.signal.aborted).toBe(false);
    },
  },
  {
    title: 'gives the lock back at the end of its scope',
    async run({ locks, others }, expect) {
      const lock = await locks.lock('job');
      await lock[Symbol.asyncDispose]();
      expect(await isFree(others, 'job')).toBe(true);
      await lock[Symbol.asyncDispose]();
    },
  },
  {
    title: 'is told of a loss by its signal, and leaves the next holder alone',
    needs: ['lost'],
    async run({ locks, others, takeAway }, expect) {
      const lock = await locks.lock('job', { ttl: 300 });
      const lost = new Promise((resolve) => lock.signal.addEventListener('abort', resolve, { once: true }));
      await takeAway?.('job');
      const next = await others.lock('job', AT_ONCE);
      await lost;
      expect((lock.signal.reason as { code: string }).code).toBe('LOCK_LOST');
      expect(await lock.release()).toBe(false);
      expect(next.fence > lock.fence).toBe(true);
      expect(await next.release()).toBe(true);
    },
  },
  {
    title: 'learns of a loss when it gives the lock back, if not before',
    needs: ['lost'],
    async run({ locks, others, takeAway }, expect) {
      const lock = await locks.lock('job', { ttl: '1h' });
      await takeAway?.('job');
      const next = await others.lock('job', AT_ONCE);
      expect(await lock.release()).toBe(false);
      expect(lock.signal.aborted).toBe(true);
      expect(await next.release()).toBe(true);
    },
  },
];

const ARGUMENT_CASES: readonly LockCase[] = [
  {
    title: 'a wrong name or option is refused',
    async run({ locks }, expect) {
      const wrong: readonly (readonly [unknown, unknown?])[] = [
        [''],
        [1],
        [undefined],
        ['job', { ttl: 99 }],
        ['job', { ttl: '25d' }],
        ['job', { ttl: 'soon' }],
        ['job', { ttl: null }],
        ['job', { wait: -1 }],
        ['job', { wait: Infinity }],
        ['job', { retries: 3 }],
        ['job', 5],
      ];
      for (const [name, options] of wrong) {
        const failure = await failureNameOf(locks.lock(name as string, options as object));
        expect([name, options, failure]).toStrictEqual([name, options, 'InvalidOptionsError']);
      }
      expect(await isFree(locks, 'job')).toBe(true);
    },
  },
];
