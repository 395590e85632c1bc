import {
  concat,
  EMPTY,
  firstValueFrom,
  lastValueFrom,
  NEVER,
  of,
  throwError,
  toArray,
  type Observable as Rx,
} from 'rxjs';
import { Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { CacheEvict } from '../../../src/decorator/cache-evict.decorator.js';
import { CachePut } from '../../../src/decorator/cache-put.decorator.js';
import { Cacheable } from '../../../src/decorator/cacheable.decorator.js';
import { application, keysOf } from './application.js';

class Rates {
  runs = 0;

  @Cacheable()
  last(currency: string): Observable<string> {
    this.runs += 1;
    return of('asking', `${currency} 1.1`);
  }

  @Cacheable({ returns: 'observable', key: 'inferred' })
  inferred() {
    this.runs += 1;
    return of(this.runs);
  }

  @Cacheable({ key: 'empty' })
  empty(): Observable<number> {
    this.runs += 1;
    return EMPTY;
  }

  @Cacheable({ key: 'failing' })
  failing(): Observable<number> {
    this.runs += 1;
    return throwError(() => new Error('no rate'));
  }

  @Cacheable({ key: (n: number) => `${n}`, when: (n: number) => n > 0 })
  sometimes(_n: number): Observable<number> {
    return of(1, 2);
  }

  @Cacheable({ key: 'undeclared' })
  undeclared(): Rx<number> {
    return of(1);
  }

  @CachePut({ key: 'k' })
  put(): Observable<number> {
    return of(1, 2, 3);
  }

  @CacheEvict({ key: 'k', before: true })
  @CacheEvict({ key: 'l' })
  evict(fails: boolean): Observable<number> {
    return fails
      ? concat(
          of(1),
          throwError(() => new Error('half way')),
        )
      : of(1, 2);
  }

  @CacheEvict({ key: 'k' })
  endless(): Observable<number> {
    return concat(of(1, 2), NEVER);
  }
}

async function rates() {
  const app = await application();
  return { cache: app.cache(), service: app.bind(new Rates()) };
}

const all = <T>(source: Rx<T>): Promise<T[]> => lastValueFrom(source.pipe(toArray()));

describe('a cached method that returns an Observable', () => {
  it('gives every subscriber the last value, and runs once', async () => {
    const { cache, service } = await rates();
    expect(await all(service.last('EUR'))).toEqual(['EUR 1.1']);
    expect(await all(service.last('EUR'))).toEqual(['EUR 1.1']);
    expect(service.runs).toBe(1);
    expect(await cache.get('Rates.last("EUR")')).toBe('EUR 1.1');
  });

  it('does nothing before it is subscribed to', async () => {
    const { service } = await rates();
    const source = service.last('EUR');
    expect(service.runs).toBe(0);
    await Promise.all([all(source), all(source)]);
    expect(service.runs).toBe(1);
  });

  it('may be declared where the result type is not annotated', async () => {
    const { service } = await rates();
    expect([await all(service.inferred()), await all(service.inferred())]).toEqual([[1], [1]]);
  });

  it('caches neither an empty one nor a failed one', async () => {
    const { cache, service } = await rates();
    expect([await all(service.empty()), await all(service.empty())]).toEqual([[], []]);
    await expect(all(service.failing())).rejects.toThrow('no rate');
    await expect(all(service.failing())).rejects.toThrow('no rate');
    expect(service.runs).toBe(4);
    expect(await keysOf(cache)).toEqual([]);
  });

  it('passes all values on where `when` keeps the cache out', async () => {
    const { service } = await rates();
    expect(await all(service.sometimes(0))).toEqual([1, 2]);
    expect(await all(service.sometimes(1))).toEqual([2]);
  });

  it('is refused on the first call when nothing says what it returns', async () => {
    const { service } = await rates();
    await expect(service.undeclared() as unknown as Promise<number>).rejects.toThrow(
      "Rates.undeclared: returns an Observable: annotate its result type, or say returns: 'observable'",
    );
  });

  it('is untouched on an instance that belongs to no application', async () => {
    expect(await all(new Rates().last('EUR'))).toEqual(['asking', 'EUR 1.1']);
  });
});

describe('a writing method that returns an Observable', () => {
  it('stores the last value and passes all on', async () => {
    const { cache, service } = await rates();
    expect(await all(service.put())).toEqual([1, 2, 3]);
    expect(await cache.get('k')).toBe(3);
  });

  it('evicts before the last value is passed on', async () => {
    const { cache, service } = await rates();
    await cache.set('k', 1);
    await cache.set('l', 1);
    const left: string[][] = [];
    await new Promise<void>((resolve, reject) => {
      const seen: Promise<void>[] = [];
      service.evict(false).subscribe({
        next: () => void seen.push(keysOf(cache).then((keys) => void left.push(keys))),
        error: reject,
        complete: () => void Promise.all(seen).then(() => resolve(), reject),
      });
    });
    expect(left.at(-1)).toEqual([]);
  });

  it('evicts what is to go before, and nothing after, when the source fails', async () => {
    const { cache, service } = await rates();
    await cache.set('k', 1);
    await cache.set('l', 1);
    await expect(all(service.evict(true))).rejects.toThrow('half way');
    expect(await keysOf(cache)).toEqual(['l']);
  });

  it('lets its subscriber leave', async () => {
    const { service } = await rates();
    expect(await firstValueFrom(service.endless())).toBe(1);
  });
});
