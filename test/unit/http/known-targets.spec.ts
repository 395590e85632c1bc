import { describe, expect, it } from 'vitest';
import { KnownTargets, type Target } from '../../../src/http/known-targets.js';
import type { Subject } from '../../../src/http/request-key.js';

const subject: Subject = {
  route: 'route',
  url: '/a/1',
  originalUrl: '/a/1',
  version: undefined,
  host: undefined,
  user: '',
  key: undefined,
  params: { id: '1' },
};

/** Asks for subjects one after the other, and tells for which of them something was worked out. */
function workedOut(subjects: readonly Subject[]): number[] {
  const known = new KnownTargets();
  const worked: number[] = [];
  for (const [index, one] of subjects.entries()) {
    known.of(one, (): Target => {
      worked.push(index);
      return { family: 'family', tags: [] };
    });
  }
  return worked;
}

describe('KnownTargets', () => {
  it('works out once what is asked for again', () => {
    expect(workedOut([subject, { ...subject, params: { id: '1' } }, subject])).toEqual([0]);
  });

  it('remembers that a target must not be cached', () => {
    const known = new KnownTargets();
    expect(known.of(subject, () => undefined)).toBeUndefined();
    expect(known.of(subject, () => expect.unreachable())).toBeUndefined();
  });

  it.each<[string, Partial<Subject>]>([
    ['route', { route: 'other' }],
    ['url', { url: '/a/2' }],
    ['received target', { originalUrl: '/app/a/1' }],
    ['version', { version: '2' }],
    ['host', { host: 'other' }],
    ['user', { user: 's:ada' }],
    ['key', { key: 'chosen' }],
    ['parameter', { params: { id: '2' } }],
    ['name of a parameter', { params: { key: '1' } }],
    ['further parameter', { params: { id: '1', more: '2' } }],
    ['missing parameter', { params: {} }],
    ['wildcard', { params: { id: ['1'] } }],
  ])('tells subjects of another %s apart', (_name, changed) => {
    expect(workedOut([subject, { ...subject, ...changed }])).toEqual([0, 1]);
  });

  it('tells subjects apart whose texts run together', () => {
    const one = { ...subject, route: 'route', user: 's:a\n/b', url: '/c' };
    const other = { ...subject, route: 'route\ns:a', user: '/b', url: '/c' };
    expect(workedOut([one, other])).toEqual([0, 1]);
  });

  it('remembers no more of long targets than of short ones', () => {
    const long = (index: number): Subject => ({ ...subject, url: `/${index}${'x'.repeat(16_000)}` });
    const many = Array.from({ length: 300 }, (_, index) => long(index));
    expect(workedOut([...many, long(0), long(299)])).toContain(300);
    expect(workedOut([long(0), long(0)])).toEqual([0]);
  });

  it('compares the segments of a wildcard', () => {
    const path = (...segments: string[]): Subject => ({ ...subject, params: { path: segments } });
    expect(workedOut([path('a', 'b'), path('a', 'b'), path('a', 'c')])).toEqual([0, 2]);
  });

  it('is not misled by a handler that changes the parameters of its request', () => {
    const params: Record<string, unknown> = { id: '1', path: ['a'] };
    const known = new KnownTargets();
    known.of({ ...subject, params }, () => undefined);
    params['id'] = '2';
    (params['path'] as string[])[0] = 'b';
    let worked = false;
    known.of({ ...subject, params: { id: '2', path: ['b'] } }, () => {
      worked = true;
      return undefined;
    });
    expect(worked).toBe(true);
  });
});
