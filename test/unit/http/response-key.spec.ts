import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { responseKey, type ResponseKeyParts } from '../../../src/http/engine/response-key.js';

const plain: ResponseKeyParts = {
  route: 'route',
  version: undefined,
  host: undefined,
  user: '',
  params: {},
  subject: { path: '/', query: [], original: undefined },
};
const at = (path: string, query: { name: string; value: string | undefined }[], original?: string) => ({
  ...plain,
  subject: { path, query, original },
});

describe('responseKey', () => {
  it('is short and says nothing of what it is made of', () => {
    expect(responseKey(plain)).toMatch(/^r:[\w-]{43}$/);
    expect(responseKey(at(`/${'x'.repeat(4_000)}`, []))).toHaveLength(45);
  });

  it('differs in every part', () => {
    const keys = [
      plain,
      { ...plain, route: 'other' },
      { ...plain, version: '1' },
      { ...plain, version: '' },
      { ...plain, host: '1' },
      { ...plain, user: '1' },
      { ...plain, params: { id: '1' } },
      { ...plain, params: { id: ['1'] } },
      { ...plain, params: { id: ['1', '2'] } },
      { ...plain, params: { id: undefined } },
      { ...plain, params: { i: 'd1' } },
      { ...plain, params: { id: 1 } },
      { ...plain, params: { id: '1', other: '' } },
      at('/a', []),
      at('/A', []),
      at('/a', [{ name: 'b', value: undefined }]),
      at('/a', [{ name: 'b', value: '' }]),
      at('/a', [{ name: 'b', value: 'c' }]),
      at('/a', [{ name: 'bc', value: undefined }]),
      at('/a', [
        { name: 'b', value: 'c' },
        { name: 'd', value: 'e' },
      ]),
      at('/a', [{ name: 'b', value: 'c&d=e' }]),
      at('/a', [], '/b/a'),
      { ...plain, subject: { key: '/' } },
      { ...plain, subject: { key: '' } },
      { ...plain, subject: { key: '\ud800' } },
      { ...plain, subject: { key: '\ud801' } },
    ].map(responseKey);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('does not depend on the order in which parameters were bound', () => {
    expect(responseKey({ ...plain, params: { a: '1', b: '2' } })).toBe(
      responseKey({ ...plain, params: { b: '2', a: '1' } }),
    );
  });

  it('is the same only for the same parts', () => {
    const text = fc.string({ maxLength: 3 });
    const parts = fc.record({
      route: text,
      version: fc.option(text, { nil: undefined }),
      host: fc.option(text, { nil: undefined }),
      user: text,
      params: fc.dictionary(text, fc.oneof(text, fc.array(text, { maxLength: 2 })), { maxKeys: 2 }),
      subject: fc.oneof(
        fc.record({ key: text }),
        fc.record({
          path: text,
          query: fc.array(fc.record({ name: text, value: fc.option(text, { nil: undefined }) }), {
            maxLength: 2,
          }),
          original: fc.option(text, { nil: undefined }),
        }),
      ),
    });
    const canonical = (one: ResponseKeyParts) =>
      JSON.stringify([
        one.route,
        one.version ?? null,
        one.host ?? null,
        one.user,
        Object.entries(one.params).toSorted(([a], [b]) => (a < b ? -1 : 1)),
        'key' in one.subject
          ? one.subject.key
          : [
              one.subject.path,
              one.subject.original ?? null,
              one.subject.query.map(({ name, value }) => [name, value ?? null]),
            ],
      ]);
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        expect(responseKey(one) === responseKey(other)).toBe(canonical(one) === canonical(other));
      }),
      { numRuns: 500 },
    );
  });
});
