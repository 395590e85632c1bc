import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8');

/** The first column of every table of a page. */
const firstColumn = (markdown: string): string[] =>
  [...markdown.matchAll(/^\| `([^|]*)` \|/gm)].flatMap((match) => (match[1] as string).split('`, `'));

describe('the reference', () => {
  it('lists every error code, and no other', async () => {
    const source = await read('src/errors.ts');
    const union = /RedisCacheErrorCode =([^;]*);/.exec(source)?.[1] ?? '';
    const codes = [...union.matchAll(/'([A-Z_]+)'/g)].map((match) => match[1]);
    expect(codes.length).toBeGreaterThan(5);
    expect(firstColumn(await read('docs/reference/errors.md')).toSorted()).toEqual(codes.toSorted());
  });

  it('lists every event type, and no other', async () => {
    const [caches = '', sessions = ''] = (await read('docs/reference/events.md')).split(/^## Sessions$/m);
    const pages: [string, string][] = [
      ['src/event/cache-event.ts', caches],
      ['src/session/storage/session-event.ts', sessions],
    ];
    for (const [path, page] of pages) {
      const types = [...(await read(path)).matchAll(/readonly type: ([^;]*);/g)].flatMap((match) =>
        [...(match[1] as string).matchAll(/'(\w+)'/g)].map((one) => one[1]),
      );
      expect(types.length).toBeGreaterThan(5);
      expect(firstColumn(page).toSorted(), path).toEqual(types.toSorted());
    }
  });

  it('lists every option of the module, of a cache and of a connection', async () => {
    const page = await read('docs/reference/options.md');
    const sources: [string, RegExp][] = [
      ['src/module/module-options.ts', /const KNOWN = \[([^\]]*)\]/],
      ['src/cache/cache-options.ts', /const KNOWN = \[([^\]]*)\]/],
      ['src/connection/resolve-connection-options.ts', /const STANDALONE = \[([^\]]*)\]/],
      ['src/connection/resolve-connection-options.ts', /const BEHAVIOUR = \[([^\]]*)\]/],
    ];
    const rows = new Set(firstColumn(page).map((row) => row.split('.')[0]));
    for (const [path, pattern] of sources) {
      const names = [...(pattern.exec(await read(path))?.[1] ?? '').matchAll(/'(\w+)'/g)].map(
        (match) => match[1],
      );
      expect(names.length, path).toBeGreaterThan(2);
      for (const name of names) expect(rows, `${path}: ${name}`).toContain(name);
    }
  });

  it('lists every option of responses, and no other', async () => {
    const { RESPONSE_CACHE_OPTIONS, RESPONSE_OPTIONS } = await import('../../src/di/response-options.js');
    const page = await read('docs/reference/options.md');
    const section = /^## Responses$(.*?)^## /ms.exec(page)?.[1] ?? '';
    const names = new Set<string>([...RESPONSE_CACHE_OPTIONS, ...RESPONSE_OPTIONS]);
    expect(firstColumn(section).toSorted()).toEqual([...names].toSorted());
  });

  it('lists every option of sessions, and no other', async () => {
    const { STORAGE_OPTIONS } = await import('../../src/session/storage/resolve-storage-options.js');
    const source = await read('src/session/resolve-session-options.ts');
    const own = /const OWN_OPTIONS = \[([^\]]*)\]/.exec(source)?.[1] ?? '';
    const names = [...own.matchAll(/'(\w+)'/g)].map((match) => match[1] as string);
    const page = await read('docs/reference/options.md');
    const section = /^## Sessions$(.*?)^## /ms.exec(page)?.[1] ?? '';
    expect(names.length).toBeGreaterThan(5);
    expect(firstColumn(section).toSorted()).toEqual([...names, ...STORAGE_OPTIONS].toSorted());
  });

  it('shows the bytes of an entry as the envelope writes them', async () => {
    const { sealEntry, COUNT_AT, ENTRY_MAGIC, EXPIRES_AT, GENERATIONS_AT, TAGGED_FROM, COUNT_BASE } =
      await import('../../src/codec/envelope.js');
    const { newGeneration, GENERATION_LENGTH } = await import('../../src/codec/generation.js');
    const { NEVER, TIMESTAMP_DIGITS, TIMESTAMP_LENGTH } = await import('../../src/codec/timestamp.js');
    const generations = newGeneration();
    const facts = { createdAt: 0, expiresAt: null, generations, tags: [] };
    const entry = String(sealEntry({ flags: 0, payload: '{"a":1}' }, facts));
    const page = await read('docs/reference/keys.md');
    expect(page).toContain(`\`${ENTRY_MAGIC}\`: the mark and the format`);
    expect(page).toContain(`| 3–${EXPIRES_AT - 1} | when it was written`);
    expect(page).toContain(`| ${EXPIRES_AT}–${EXPIRES_AT + TIMESTAMP_LENGTH - 1} | from when on it is stale`);
    expect(page).toContain(`\`${NEVER}\` = never`);
    expect(page).toContain(`\`${TIMESTAMP_DIGITS}\``);
    expect(page).toContain(`| ${COUNT_AT} | how many generations follow`);
    expect(page).toContain(`${TAGGED_FROM - COUNT_BASE} more when there are tags`);
    expect(page).toContain(`| ${GENERATIONS_AT}… | the generations, ${GENERATION_LENGTH} characters each`);
    expect(entry[COUNT_AT]).toBe('!');
    expect(entry.slice(GENERATIONS_AT + GENERATION_LENGTH)).toBe('{"a":1}');
  });

  it('names every key that is written', async () => {
    const { KeySpace } = await import('../../src/key/key-space.js');
    const space = KeySpace.of({ keyPrefix: 'p', cache: '<cache>', version: undefined });
    const part = space.namespace('<namespace>');
    const entry = space.entryKey('<key>');
    const keys = [
      entry,
      part.entryKey('<key>'),
      space.leaseKey(entry),
      space.barrierKey(entry),
      space.tagKey('<tag>'),
      space.tagBarrierKey('<tag>'),
      space.sequenceKey,
      ...part.generationKeys,
      space.lockKey('<name>'),
    ];
    const page = await read('docs/reference/keys.md');
    const named = firstColumn(page).filter((row) => row.startsWith('<p>:'));
    expect(named).toEqual(keys.map((key) => key.replace('p:<cache>:', '<p>:')));
  });
});
