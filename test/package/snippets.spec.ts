import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
// Inside the repository, so that packages and the settings of tsconfig.json are found.
const folder = join(root, '.cache', 'snippets');

/** How readers set their compiler, beside our own settings. */
const READERS: Readonly<Record<string, ts.CompilerOptions>> = {
  'with the strictest settings': {},
  'without exactOptionalPropertyTypes': { exactOptionalPropertyTypes: false },
  'without strict, as `nest new` sets it up': {
    strict: false,
    strictNullChecks: false,
    noImplicitAny: false,
    strictBindCallApply: false,
    exactOptionalPropertyTypes: false,
    noUncheckedIndexedAccess: false,
    noPropertyAccessFromIndexSignature: false,
    verbatimModuleSyntax: false,
  },
};

/** The ```ts blocks of a page, each a module of its own. */
function snippetsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1] as string);
}

async function pages(): Promise<string[]> {
  const docs = await readdir(join(root, 'docs'), { recursive: true });
  return ['README.md', ...docs.filter((name) => name.endsWith('.md')).map((name) => join('docs', name))];
}

describe('the code in README.md and docs', () => {
  const origin = new Map<string, string>();
  beforeAll(async () => {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    for (const page of await pages()) {
      const snippets = snippetsOf(await readFile(join(root, page), 'utf8'));
      for (const [index, snippet] of snippets.entries()) {
        const file = join(folder, `${page.replace(/\W+/g, '-')}-${index + 1}.ts`);
        await writeFile(file, snippet);
        origin.set(file, `${page}, snippet ${index + 1}`);
      }
    }
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(Object.entries(READERS))(
    'compiles %s',
    (_, own) => {
      const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
      const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
      // A reader's snippet may leave an import or a parameter unused.
      const settings = { ...options, noEmit: true, noUnusedLocals: false, noUnusedParameters: false, ...own };
      const program = ts.createProgram([...origin.keys()], settings);
      const found = [...origin].flatMap(([file, where]) => {
        const source = program.getSourceFile(file);
        return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
          (one) => `${where}: ${ts.flattenDiagnosticMessageText(one.messageText, '\n')}`,
        );
      });
      expect(origin.size).toBeGreaterThan(10);
      expect(found).toEqual([]);
    },
    120_000,
  );
});
