import type { Keyv as Keyv5 } from 'keyv';
import type { Keyv as Keyv6 } from 'keyv-6';
import { describe, expectTypeOf, it } from 'vitest';
import type { CacheOptions } from '../../src/index.js';

type GivenStore = NonNullable<CacheOptions['store']>;

describe('the store of a cache', () => {
  it('may be a Keyv whose types are those of another copy of the library', () => {
    expectTypeOf<Keyv5>().toExtend<GivenStore>();
    expectTypeOf<Keyv6>().toExtend<GivenStore>();
    expectTypeOf<Map<string, unknown>>().not.toExtend<GivenStore>();
  });
});
