import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BuiltCities } from '../e2e/cities/built-cities.js';
import { ROOT } from '../support/source-tree.js';

const SCRIPT = join(ROOT, 'scripts/transcripts.mjs');
const GUIDE = join(ROOT, 'docs/guide');

describe('the transcripts in the guide', { timeout: 300_000 }, () => {
  let built: BuiltCities;
  let pages: string;

  beforeAll(async () => {
    built = await BuiltCities.build();
  }, 120_000);

  afterAll(() => built.remove());

  beforeEach(() => {
    pages = mkdtempSync(join(tmpdir(), 'nestjs-redis-cache-guide-'));
  });

  afterEach(() => rmSync(pages, { recursive: true, force: true }));

  /** Runs the script as `npm run docs:transcripts` does after its builds. */
  function run(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Ran> {
    return new Promise((resolve) => {
      const all = [SCRIPT, '--demo', built.main, ...args];
      execFile(process.execPath, all, { cwd: ROOT, env }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr });
      });
    });
  }

  it('are what the demo answers to curl', async () => {
    const { code, output } = await run(['--check']);
    expect(output).toContain('responses.md: as the demo answers');
    expect(output.match(/as the demo answers$/gm)?.length).toBeGreaterThanOrEqual(4);
    expect(code, output).toBe(0);
  });

  it('are the same where there is no curl', async () => {
    copyFileSync(join(GUIDE, 'responses-per-user.md'), join(pages, 'responses-per-user.md'));
    const { code, output } = await run(['--check', '--pages', pages], { ...process.env, PATH: pages });
    expect(output).toContain('There is no curl');
    expect(code, output).toBe(0);
  });

  it('are found out where they are not, and mended', async () => {
    const page = join(pages, 'responses.md');
    const right = readFileSync(join(GUIDE, 'responses.md'), 'utf8');
    const line = right.split('\n').findIndex((text) => text.includes('; hit; ttl=<seconds>'));
    writeFileSync(page, right.replace('; hit; ttl=<seconds>', '; fwd=uri-miss'));
    const { code, output } = await run(['--check', '--pages', pages]);
    expect(output).toContain(
      `responses.md:${line + 1} shows\n  Cache-Status: nestjs-redis-cache; fwd=uri-miss`,
    );
    expect(code).toBe(1);
    expect((await run(['--pages', pages])).code).toBe(0);
    expect(readFileSync(page, 'utf8')).toBe(right);
  });
});

interface Ran {
  readonly code: number;
  readonly output: string;
}
