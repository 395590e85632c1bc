import fc from 'fast-check';
import { expect } from 'vitest';
import type { NamedCache } from '../../src/cache/named-cache.js';
import { globMatcher } from '../../src/key/glob.js';
import { failureNameOf } from '../../src/testing/failure-of.js';

/** What a cache should hold: by namespace and key, a value and when it expires (model time). */
class Model {
  readonly #entries = new Map<string, Map<string, { value: unknown; expires: number }>>();
  now = 0;

  part(path: string): Map<string, { value: unknown; expires: number }> {
    const entries = this.#entries.get(path) ?? new Map<string, { value: unknown; expires: number }>();
    this.#entries.set(path, entries);
    for (const [key, { expires }] of entries) if (expires <= this.now) entries.delete(key);
    return entries;
  }

  clear(path: string): void {
    for (const other of this.#entries.keys()) if (other.startsWith(path)) this.#entries.delete(other);
  }
}

/** What is done is done to a part of the cache: names of nested namespaces, none for the cache itself. */
type Path = readonly string[];

/** One call and what the model says of it. */
type Step =
  | { readonly call: 'get' | 'has' | 'del' | 'remainingTtl'; readonly path: Path; readonly key: string }
  | {
      readonly call: 'set' | 'add' | 'getOrSet' | 'fresh';
      readonly path: Path;
      readonly key: string;
      readonly value: unknown;
      readonly ttl: number | null;
    }
  | { readonly call: 'touch'; readonly path: Path; readonly key: string; readonly ttl: number | null }
  | {
      readonly call: 'incr';
      readonly path: Path;
      readonly key: string;
      readonly by: number;
      readonly initial: number | undefined;
    }
  | { readonly call: 'mset'; readonly path: Path; readonly list: readonly (readonly [string, unknown])[] }
  | { readonly call: 'mget' | 'mdel' | 'getOrSetMany'; readonly path: Path; readonly keys: readonly string[] }
  | { readonly call: 'keys' | 'deletePattern'; readonly path: Path; readonly glob: string }
  | { readonly call: 'clear'; readonly path: Path }
  | { readonly call: 'pass'; readonly path: Path; readonly time: number };

const keys = fc.constantFrom('a', 'b', 'ab', '', '{a}', 'a:b', '*', 'ключ');
const paths: fc.Arbitrary<Path> = fc.constantFrom([], [], ['a'], ['b'], ['a', 'b'], ['*']);
const values = fc.oneof(
  fc.constantFrom<unknown>(null, undefined, 0, 1, -1, Number.MAX_SAFE_INTEGER, 'text', '1', [1], {
    a: { b: [null] },
  }),
  fc.constantFrom<unknown>(1n, new Date(0), Buffer.from([255]), NaN),
  fc.jsonValue({ maxDepth: 2 }),
);
const lists = fc.array(keys, { maxLength: 12 });
const globs = fc.constantFrom('*', 'a*', '?', '[ab]', '*b', '\\*', '{*', '', 'nothing*');

function steps(ttls: fc.Arbitrary<number | null>, times: fc.Arbitrary<number>): fc.Arbitrary<Step> {
  const call = <C extends string>(...calls: C[]): fc.Arbitrary<C> => fc.constantFrom(...calls);
  return fc.oneof(
    fc.record({ call: call('get', 'has', 'del', 'remainingTtl'), path: paths, key: keys }),
    fc.record({
      call: call('set', 'add', 'getOrSet', 'fresh'),
      path: paths,
      key: keys,
      value: values,
      ttl: ttls,
    }),
    fc.record({ call: call('touch'), path: paths, key: keys, ttl: ttls }),
    fc.record({
      call: call('incr'),
      path: paths,
      key: keys,
      by: fc.constantFrom(1, -1, 5, Number.MAX_SAFE_INTEGER),
      initial: fc.constantFrom(undefined, 0, 7),
    }),
    fc.record({ call: call('mset'), path: paths, list: fc.array(fc.tuple(keys, values), { maxLength: 6 }) }),
    fc.record({ call: call('mget', 'mdel', 'getOrSetMany'), path: paths, keys: lists }),
    fc.record({ call: call('keys', 'deletePattern'), path: paths, glob: globs }),
    fc.record({ call: call('clear'), path: paths }),
    fc.record({ call: call('pass'), path: paths, time: times }),
  );
}

/** Sequences of calls. Without `times`, time stands still and every ttl is far away. */
export function sequences(timed: boolean): fc.Arbitrary<Step[]> {
  const far = fc.constantFrom<number | null>(null, 3_600_000, 0, -1);
  const near = fc.constantFrom<number | null>(null, 10, 100, 1_000, 0);
  const times = timed ? fc.constantFrom(5, 50, 500) : fc.constant(0);
  return fc.array(steps(timed ? near : far, times), { minLength: 1, maxLength: 60 });
}

/** Does a step to the model and gives what the cache should answer. */
function expected(model: Model, step: Step): unknown {
  const path = step.path.map((name) => `${name}/`).join('');
  const part = model.part(path);
  const put = (key: string, value: unknown, ttl: number | null): void => {
    part.delete(key);
    if (value === undefined || (ttl !== null && ttl <= 0)) return;
    part.set(key, { value, expires: ttl === null ? Infinity : model.now + ttl });
  };
  const load = (key: string): unknown => (key.length % 2 === 0 ? `loaded ${key}` : undefined);
  switch (step.call) {
    case 'get':
      return part.get(step.key)?.value;
    case 'has':
      return part.has(step.key);
    case 'remainingTtl': {
      const expires = part.get(step.key)?.expires;
      return expires === undefined ? undefined : expires === Infinity ? null : expires - model.now;
    }
    case 'del':
      part.delete(step.key);
      return true;
    case 'set':
      put(step.key, step.value, step.ttl);
      return step.value;
    case 'add': {
      if (part.has(step.key)) return false;
      put(step.key, step.value, step.ttl);
      return part.has(step.key);
    }
    case 'getOrSet': {
      const present = part.get(step.key);
      if (present !== undefined) return present.value;
      put(step.key, step.value, step.ttl);
      return step.value;
    }
    case 'fresh':
      put(step.key, step.value, step.ttl);
      return step.value;
    case 'touch': {
      const present = part.get(step.key);
      if (present !== undefined) put(step.key, present.value, step.ttl);
      return present !== undefined;
    }
    case 'incr': {
      const present = part.get(step.key);
      const base = present === undefined ? step.initial : present.value;
      const sum = Number.isSafeInteger(base) ? (base as number) + step.by : NaN;
      if (!Number.isSafeInteger(sum)) return 'NotANumberError';
      part.set(step.key, { value: sum, expires: present?.expires ?? Infinity });
      return sum;
    }
    case 'mset':
      for (const [key, value] of step.list) put(key, value, null);
      return step.list.map(([key, value]) => ({ key, value, ttl: 0 }));
    case 'mget':
      return step.keys.map((key) => part.get(key)?.value);
    case 'mdel':
      for (const key of step.keys) part.delete(key);
      return true;
    case 'getOrSetMany': {
      for (const key of step.keys) if (!part.has(key)) put(key, load(key), null);
      return new Map(
        [...new Set(step.keys)].filter((key) => part.has(key)).map((key) => [key, part.get(key)?.value]),
      );
    }
    case 'keys':
      return [...part.keys()].filter(globMatcher(step.glob)).sort();
    case 'deletePattern': {
      const matching = [...part.keys()].filter(globMatcher(step.glob));
      for (const key of matching) part.delete(key);
      return matching.length;
    }
    case 'clear':
      model.clear(path);
      return true;
    case 'pass':
      model.now += step.time;
      return undefined;
  }
}

/** Does a step to the cache and gives its answer. */
async function actual(root: NamedCache, step: Step, pass: (time: number) => void): Promise<unknown> {
  const cache = step.path.reduce((part, name) => part.namespace(name), root);
  switch (step.call) {
    case 'get':
    case 'has':
    case 'remainingTtl':
    case 'del':
      return cache[step.call](step.key);
    case 'set':
      return cache.set(step.key, step.value, { ttl: step.ttl });
    case 'add':
      return cache.add(step.key, step.value, step.ttl);
    case 'getOrSet':
    case 'fresh':
      return cache.getOrSet(step.key, () => step.value, { ttl: step.ttl, fresh: step.call === 'fresh' });
    case 'touch':
      return cache.touch(step.key, step.ttl);
    case 'incr': {
      const options = step.initial === undefined ? { ttl: null } : { initial: step.initial, ttl: null };
      const sum = cache.incr(step.key, step.by, options);
      return (await failureNameOf(sum)) ?? sum;
    }
    case 'mset':
      return cache.mset(step.list.map(([key, value]) => ({ key, value, ttl: 0 })));
    case 'mget':
      return cache.mget(step.keys);
    case 'mdel':
      return cache.mdel(step.keys);
    case 'getOrSetMany':
      return cache.getOrSetMany(
        step.keys,
        async (missing) =>
          new Map(missing.map((key) => [key, key.length % 2 === 0 ? `loaded ${key}` : (undefined as never)])),
        { ttl: null },
      );
    case 'keys': {
      const found: string[] = [];
      for await (const key of cache.keys(step.glob)) found.push(key);
      return found.sort();
    }
    case 'deletePattern':
      return cache.deletePattern(step.glob);
    case 'clear':
      return cache.clear();
    case 'pass':
      return pass(step.time);
  }
}

/** Does the steps to a cache and to the model, and compares every answer. */
export async function follow(
  cache: NamedCache,
  sequence: readonly Step[],
  pass: (time: number) => void,
): Promise<void> {
  const model = new Model();
  for (const [index, step] of sequence.entries()) {
    const answer = await actual(cache, step, pass);
    const right = expected(model, step);
    if (step.call === 'remainingTtl' && typeof answer === 'number' && typeof right === 'number') {
      expect(answer, `step ${index}`).toBeLessThanOrEqual(right);
      expect(answer, `step ${index}`).toBeGreaterThan(right - 60_000);
    } else {
      expect(answer, `step ${index}: ${step.call}`).toStrictEqual(right);
    }
  }
}
