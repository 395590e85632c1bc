import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LAYERS, PARTS, RULES, type Rule } from '../support/layer-rules.js';
import { readTree, ROOT, type SourceFile } from '../support/source-tree.js';

/** For every rule: files that break it, with the number of findings. */
const BROKEN: Record<keyof typeof RULES, [number, Record<string, string>]> = {
  'a folder imports only folders of lower layers': [
    5,
    {
      'key/key.ts': "import type { Cache } from '../cache/cache.js';",
      'store/store.ts': "export type { Lock } from '../lock/lock.js';",
      'errors.ts': "import { redisStore } from './index.js';",
      'cache/cache.ts': "type Module = import('../module/module.js').Module;",
      'clock.ts': "import './event/event.js';",
      'module/module.ts':
        "import { x } from '../di/x.js'; import { y } from './y.js'; import { z } from '../errors.js';",
    },
  ],
  'a part of a folder imports only lower parts of it': [
    3,
    {
      'http/rule/vary.ts': "import '../policy/a.js'; import './b.js'; import '../engine/c.js';",
      'http/engine/c.ts': "import '../route/d.js'; import '../../cache/e.js';",
      'http/inquiry.ts': "import './invalidation/e.js'; import './engine/c.js';",
      'http/policy/f.ts': "import '../inquiry.js';",
    },
  ],
  'every file belongs to a layer': [
    2,
    { 'queue/queue.ts': '', 'date.ts': '', 'index.ts': '', 'key/key.ts': '' },
  ],
  'files do not import each other in a circle': [
    2,
    {
      'key/a.ts': "import type { B } from './b.js';",
      'key/b.ts': "export type { C } from './c.js';",
      'key/c.ts': "const a = await import('./a.js');",
      'key/self.ts': "import './self.js'; import './a.js';",
    },
  ],
  '@nestjs is imported from the layer of di upwards only': [
    1,
    {
      'cache/cache.ts': "import type { Type } from '@nestjs/common';",
      'di/token.ts': "import '@nestjs/core';",
    },
  ],
  'the redis package is imported in connection/ and in files named redis-* only': [
    2,
    {
      'store/memory-store.ts': "import { createClient } from 'redis'; import '@redis/client';",
      'store/redis-store.ts': "import 'redis';",
      'connection/client.ts': "import 'redis';",
    },
  ],
  'folders are named after concepts, files in kebab-case': [
    3,
    {
      'cache/utils/a.ts': '',
      'types/a.ts': '',
      'cache/NamedCache.ts': '',
      'module/redis-cache.module.ts': '',
    },
  ],
  'entry files only re-export, by name': [
    3,
    {
      'index.ts': "export { a } from './a.js'; export * from './b.js'; import './c.js';",
      'testing/index.ts': 'x();',
    },
  ],
  'time comes from clock.ts': [
    7,
    {
      'clock.ts': 'Date.now(); setTimeout(f, 1);',
      'cache/a.ts':
        'Date.now(); performance.now(); new Date(); globalThis.setInterval(f); const f = setImmediate;',
      'cache/b.ts': "import { setTimeout } from 'node:timers/promises';",
      'cache/c.ts': 'new Date(5); clock.setTimeout(f); const fake = { setTimeout: 1 };',
    },
  ],
  'a file has at most 300 lines': [1, { 'a.ts': 'x;\n'.repeat(300), 'b.ts': 'x;\n'.repeat(301) }],
};

describe('the source tree', () => {
  const files = readTree(`${ROOT}src`);

  it('is read', () => {
    expect(files.map(({ path }) => path)).toContain('clock.ts');
  });

  it('has each concept in one layer', () => {
    const concepts = LAYERS.flat();
    expect(new Set(concepts).size).toBe(concepts.length);
  });

  it('is drawn in CONTRIBUTING.md as it is checked', () => {
    const rows = readFileSync(`${ROOT}CONTRIBUTING.md`, 'utf8').matchAll(/^\| (\d) \| ([^|]+) \|/gm);
    const drawn = [...rows].map(([, , folders]) => String(folders).replaceAll('`', '').split(' '));
    expect(drawn).toEqual(LAYERS);
  });

  it('has its parts drawn in CONTRIBUTING.md as they are checked', () => {
    const rows = readFileSync(`${ROOT}CONTRIBUTING.md`, 'utf8').matchAll(/^\| `(\w+)\/` \| ([^|]+) \|/gm);
    const drawn = [...rows].map(([, folder, parts]) => [
      folder,
      String(parts)
        .split('·')
        .map((part) => part.replaceAll('`', '').trim().split(' ')),
    ]);
    expect(Object.fromEntries(drawn)).toEqual(PARTS);
  });

  for (const [name, rule] of Object.entries(RULES) as [keyof typeof RULES, Rule][]) {
    it(name, () => {
      expect(rule(files)).toEqual([]);
    });

    it(`notices a breach: ${name}`, () => {
      const [count, broken] = BROKEN[name];
      const tree: SourceFile[] = Object.entries(broken).map(([path, text]) => ({ path, text }));
      expect(rule(tree)).toHaveLength(count);
    });
  }
});
