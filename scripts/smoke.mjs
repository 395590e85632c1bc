// Runs the tests of behaviour on the oldest supported majors: Nest 11 and redis 5. They run on a copy of the sources in
// .smoke, since links would lead back to the packages of this folder's node_modules.
//   node scripts/smoke.mjs            runs them
//   node scripts/smoke.mjs --update   takes package.json's changes over into test/smoke
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const smoke = `${root}.smoke/`;

const OLDEST = {
  '@nestjs/apollo': '^13.0.0',
  '@nestjs/cache-manager': '^3.1.0',
  '@nestjs/common': '^11.1.0',
  '@nestjs/core': '^11.1.0',
  '@nestjs/event-emitter': '^3.0.1',
  '@nestjs/graphql': '^13.0.0',
  '@nestjs/mercurius': '^13.0.0',
  '@nestjs/microservices': '^11.1.0',
  '@nestjs/passport': '^11.0.5',
  '@nestjs/platform-express': '^11.1.0',
  '@nestjs/platform-fastify': '^11.1.0',
  '@nestjs/platform-socket.io': '^11.1.0',
  '@nestjs/testing': '^11.1.0',
  '@nestjs/websockets': '^11.1.0',
  redis: '^5.10.0',
};
/** Checks of the repository, and rivals that only benchmarks run. */
const NOT_NEEDED = [
  ...['@arethetypeswrong/cli', '@nestjs/cli', 'knip', 'oxlint', 'oxlint-tsgolint', 'prettier', 'publint'],
  ...['bentocache', 'cacheable', 'ioredis', 'playwright-core'],
];
const COPIED = [
  'src',
  'test',
  'scripts',
  'examples',
  'docs',
  'vitest.config.ts',
  'tsconfig.json',
  'tsconfig.build.json',
];
const TESTS = ['test/unit', 'test/contract', 'test/e2e'];

if (process.argv.includes('--update')) update();
else run();

/** package.json with the older packages in place of those of this folder. */
function manifest() {
  /** @type {{ [field: string]: unknown, devDependencies: Record<string, string>, scripts: Record<string, string> }} */
  const { name, type, exports, scripts, dependencies, devDependencies } = JSON.parse(
    readFileSync(`${root}package.json`, 'utf8'),
  );
  const wanted = Object.entries(devDependencies).filter(([dependency]) => !NOT_NEEDED.includes(dependency));
  const smokeManifest = {
    name,
    private: true,
    type,
    exports,
    scripts: { start: scripts['start'] },
    dependencies,
    devDependencies: { ...Object.fromEntries(wanted), ...OLDEST },
  };
  return `${JSON.stringify(smokeManifest, null, 2)}\n`;
}

function update() {
  mkdirSync(`${root}test/smoke`, { recursive: true });
  writeFileSync(`${root}test/smoke/package.json`, manifest());
  npm(['install', '--package-lock-only', '--no-audit', '--no-fund'], `${root}test/smoke`);
}

function run() {
  if (readFileSync(`${root}test/smoke/package.json`, 'utf8') !== manifest()) {
    console.error('test/smoke/package.json is behind package.json: run "node scripts/smoke.mjs --update".');
    process.exit(1);
  }
  for (const name of COPIED) {
    rmSync(smoke + name, { recursive: true, force: true });
    if (existsSync(root + name)) cpSync(root + name, smoke + name, { recursive: true, filter: isSource });
  }
  for (const name of ['package.json', 'package-lock.json']) cpSync(`${root}test/smoke/${name}`, smoke + name);
  node('scripts/prepare-checkout.mjs');
  node('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--noEmit');
  node('node_modules/vitest/vitest.mjs', 'run', ...TESTS);
}

/** @param {string} path */
function isSource(path) {
  return !/[\\/](node_modules|dist)$/.test(path);
}

/** @param {string[]} args */
function node(...args) {
  const { status } = spawnSync(process.execPath, args, { cwd: smoke, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

/**
 * @param {string[]} args
 * @param {string} cwd
 */
function npm(args, cwd) {
  const { status } = spawnSync('npm', args, { cwd, stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) process.exit(status ?? 1);
}
