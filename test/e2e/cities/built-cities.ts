import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../../support/source-tree.js';
import { CitiesClient, newCorrectionsFile } from './cities-app.js';

const run = promisify(execFile);
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');
const START_LIMIT = 50_000;

/** The library and the demo as `npm start` builds them, beside the repository's own build, which others may be making. */
export class BuiltCities {
  readonly #folder = mkdtempSync(join(tmpdir(), 'nestjs-redis-cache-cities-'));
  /** Where all processes of this build keep corrected populations. */
  readonly #correctionsFile = newCorrectionsFile();
  readonly #running = new Set<CitiesProcess>();

  static async build(): Promise<BuiltCities> {
    const built = new BuiltCities();
    copyFileSync(join(ROOT, 'package.json'), join(built.#folder, 'package.json'));
    symlinkSync(join(ROOT, 'node_modules'), join(built.#folder, 'node_modules'), 'junction');
    // Types are checked elsewhere; without `paths` the demo's are those of a build that need not be there.
    await tsc('tsconfig.build.json', join(built.#folder, 'dist'));
    await tsc('examples/cities/tsconfig.json', join(built.#folder, 'examples/cities/dist'));
    return built;
  }

  /** The file that `npm start` runs. */
  get main(): string {
    return join(this.#folder, 'examples/cities/dist/main.js');
  }

  /** Runs what `npm start` runs after its builds and waits until it has printed what to try. */
  async start(env: Readonly<Record<string, string>> = {}): Promise<CitiesProcess> {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: { start: string };
    };
    const [, file] = /&& node (\S+)$/.exec(scripts.start) ?? [];
    if (file === undefined) throw new Error(`npm start does not end with a file: ${scripts.start}`);
    const child = spawn(process.execPath, [file], {
      cwd: this.#folder,
      env: { ...process.env, PORT: '0', CORRECTIONS_FILE: this.#correctionsFile, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const cities = new CitiesProcess(child);
    this.#running.add(cities);
    await cities.started();
    return cities;
  }

  /** Runs what `npm run start:two` runs after its builds, or another build of it, to its end. */
  async runTwo(
    env: Readonly<Record<string, string>>,
    folder = 'examples/cities/dist',
  ): Promise<{ readonly code: number | null; readonly output: string }> {
    const child = spawn(process.execPath, [`${folder}/two-processes.js`], {
      cwd: this.#folder,
      env: { ...process.env, CORRECTIONS_FILE: this.#correctionsFile, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text: Buffer) => (output += text.toString()));
    }
    const [code] = await once(child, 'close');
    return { code, output };
  }

  /** Builds the demo once more with some text of files replaced, and gives the folder. */
  variant(files: readonly string[], text: string, replacement: string): string {
    const folder = 'examples/variant/dist';
    cpSync(join(this.#folder, 'examples/cities/dist'), join(this.#folder, folder), { recursive: true });
    for (const file of files) {
      const path = join(this.#folder, folder, file);
      const source = readFileSync(path, 'utf8');
      if (!source.includes(text)) throw new Error(`${file} does not hold "${text}".`);
      writeFileSync(path, source.replaceAll(text, replacement));
    }
    return folder;
  }

  /** Ends all that was started and forgets what it corrected. */
  async endAll(): Promise<void> {
    await Promise.all([...this.#running].map((one) => one.end('SIGKILL')));
    this.#running.clear();
    rmSync(this.#correctionsFile, { force: true });
  }

  /** Removes what was built. */
  async remove(): Promise<void> {
    await this.endAll();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running demo. */
export class CitiesProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<Ending>;
  #output = '';
  #client: CitiesClient | undefined;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  }

  /** All it printed. */
  get output(): string {
    return this.#output;
  }

  get client(): CitiesClient {
    if (this.#client === undefined) throw new Error('The demo has not started.');
    return this.#client;
  }

  async started(): Promise<void> {
    const url = await new Promise<string>((resolve, reject) => {
      const fail = (): void => reject(new Error(`The demo did not start:\n${this.#output}`));
      const patience = setTimeout(fail, START_LIMIT);
      const read = (text: Buffer): void => {
        this.#output += text.toString();
        const found = /'(http:\/\/[^/]+)\/stats'/.exec(this.#output)?.[1];
        if (found === undefined) return;
        clearTimeout(patience);
        resolve(found);
      };
      this.#child.stdout?.on('data', read);
      this.#child.stderr?.on('data', read);
      this.#child.once('exit', fail);
    });
    this.#client = new CitiesClient(url);
  }

  /** Sends a signal and waits for the end. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<Ending> {
    this.#child.kill(signal);
    return this.#ended;
  }
}

async function tsc(project: string, outDir: string): Promise<void> {
  await run(process.execPath, [TSC, '-p', join(ROOT, project), '--noCheck', '--outDir', outDir], {
    cwd: ROOT,
  });
}
