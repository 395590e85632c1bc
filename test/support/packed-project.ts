import { execFile } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './source-tree.js';

const run = promisify(execFile);

/** What `npm pack` puts in besides `dist`, as package.json and npm say. */
const BESIDE = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'llms.txt'];

/** The part of package.json that matters here. */
interface Manifest {
  readonly name: string;
  readonly peerDependencies: Record<string, string>;
  readonly peerDependenciesMeta: Record<string, { optional?: boolean }>;
}

/** What `npm pack --json` prints. */
type Packed = Record<string, { filename: string; files: { path: string }[] }>;

/** A project with nothing in it but the packed library, its dependencies and its required peers. */
export interface PackedProject {
  readonly folder: string;
  /** The paths inside the tarball. */
  readonly files: readonly string[];
  /** Puts in a package of this repository, such as an optional peer. */
  link(name: string): void;
  /** Runs node on a file of the project and gives what it printed. */
  node(file: string, text: string): Promise<string>;
  /** Type-checks files with the compiler options and gives the errors, empty if there are none. */
  typecheck(
    files: Readonly<Record<string, string>>,
    options: Readonly<Record<string, unknown>>,
  ): Promise<string>;
}

/** Builds, packs and installs the library outside of the repository, where nothing undeclared can be found. */
export async function packedProject(): Promise<PackedProject> {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-redis-cache-packed-'));
  try {
    const files = await install(folder);
    return {
      folder,
      files,
      link: (name) => link(folder, name),
      node: runFile,
      typecheck: (...rest) => typecheck(folder, ...rest),
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }

  async function runFile(file: string, text: string): Promise<string> {
    writeFileSync(join(folder, file), text);
    return (await run(process.execPath, [file], { cwd: folder })).stdout;
  }
}

/** Gives the paths inside the tarball. */
async function install(folder: string): Promise<string[]> {
  const { filename, files } = await pack(join(folder, 'package'));
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  const flags = ['--legacy-peer-deps', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
  await npm(['install', ...flags, join(folder, 'package', filename)], folder);
  linkPeers(folder);
  return files.map(({ path }) => path);
}

async function pack(folder: string): Promise<Packed[string]> {
  mkdirSync(folder);
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  await run(process.execPath, [
    tsc,
    '-p',
    join(ROOT, 'tsconfig.build.json'),
    '--outDir',
    join(folder, 'dist'),
  ]);
  for (const file of BESIDE) {
    if (existsSync(join(ROOT, file))) copyFileSync(join(ROOT, file), join(folder, file));
  }
  // An array by npm 10 and 11; an object by name would do as well.
  const [tarball] = Object.values(
    JSON.parse(await npm(['pack', '--json', '--ignore-scripts'], folder)) as Packed,
  );
  if (!tarball) throw new Error('npm pack made nothing.');
  return tarball;
}

/** The peers are those of this repository, so that nothing has to be downloaded. */
function linkPeers(folder: string): void {
  const { peerDependencies, peerDependenciesMeta } = JSON.parse(
    readFileSync(join(ROOT, 'package.json'), 'utf8'),
  ) as Manifest;
  const required = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional);
  for (const name of [...required, '@types/node']) link(folder, name);
}

function link(folder: string, name: string): void {
  const path = join(folder, 'node_modules', name);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules', name), path, 'junction');
}

async function typecheck(
  folder: string,
  sources: Readonly<Record<string, string>>,
  options: Readonly<Record<string, unknown>>,
): Promise<string> {
  for (const [file, text] of Object.entries(sources)) writeFileSync(join(folder, file), text);
  const compilerOptions = { noEmit: true, strict: true, target: 'es2022', types: ['node'], ...options };
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: Object.keys(sources) }),
  );
  try {
    await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', '.'], { cwd: folder });
    return '';
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

async function npm(args: readonly string[], cwd: string): Promise<string> {
  const cli = process.env['npm_execpath'] ?? '';
  const command: [string, string[]] = cli.endsWith('npm-cli.js') ? [process.execPath, [cli]] : ['npm', []];
  const { stdout } = await run(command[0], [...command[1], ...args], { cwd });
  return stdout;
}
