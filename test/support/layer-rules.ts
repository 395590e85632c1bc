import { basename } from 'node:path';
import ts from 'typescript';
import { importsOf, parse, walk, type SourceFile } from './source-tree.js';

/** The layers of src, low to high. A folder imports only lower ones; those of one layer do not see each other. */
export const LAYERS: readonly (readonly string[])[] = [
  ['errors', 'clock', 'duration', 'option'],
  ['event', 'key', 'codec'],
  ['connection'],
  ['store', 'lock'],
  ['cache'],
  ['di'],
  ['decorator', 'http', 'session'],
  ['module'],
  ['terminus', 'opentelemetry', 'inspector', 'cli', 'testing', 'socket-io'],
];

/** The same inside a folder that has parts. Files of the folder itself stand above all of its parts. */
export const PARTS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  http: [['policy'], ['rule'], ['watch', 'platform', 'engine', 'route'], ['invalidation']],
  session: [['record'], ['storage'], ['request', 'platform']],
};

const LOWEST_WITH_NEST = LAYERS.findIndex((layer) => layer.includes('di'));
const MAX_LINES = 300;
/** The public surface of a cache is one class, so that it can be injected by its type. It only hands on. */
const FACADE = 'cache/named-cache.ts';
const FACADE_LINES = 400;
const VAGUE = new Set([
  'utils',
  'util',
  'helpers',
  'helper',
  'common',
  'shared',
  'misc',
  'interfaces',
  'types',
  'lib',
]);
const FILE_NAME =
  /^[a-z0-9]+(-[a-z0-9]+)*(\.(module|interceptor|decorator|controller|middleware|service))?\.ts$/;
const TIMERS = new Set(['setTimeout', 'setInterval', 'setImmediate']);
const TIME_MODULE = /^(node:)?(timers|timers\/promises|perf_hooks)$/;

/** A rule gives one line for each place that breaks it. */
export type Rule = (files: readonly SourceFile[]) => string[];

/** What the tree is held to. */
export const RULES = {
  'a folder imports only folders of lower layers': (files) =>
    files.filter((file) => !isRootEntry(file.path)).flatMap(upwardImports),
  'a part of a folder imports only lower parts of it': (files) => files.flatMap(upwardParts),
  'every file belongs to a layer': (files) =>
    files
      .filter(({ path }) => !isRootEntry(path) && layerOf(path) < 0)
      .map(({ path }) => `${path}: ${conceptOf(path)} is in no layer`),
  'files do not import each other in a circle': cycles,
  '@nestjs is imported from the layer of di upwards only': (files) =>
    packageUses(files, /^@nestjs\//, (path) => layerOf(path) >= LOWEST_WITH_NEST),
  'the redis package is imported in connection/ and in files named redis-* only': (files) =>
    packageUses(
      files,
      /^(redis$|redis\/|@redis\/)/,
      (path) => path.startsWith('connection/') || basename(path).startsWith('redis-'),
    ),
  'folders are named after concepts, files in kebab-case': (files) => files.flatMap(badNames),
  'entry files only re-export, by name': (files) =>
    files.filter(({ path }) => isEntry(path)).flatMap(statements),
  'time comes from clock.ts': (files) => files.filter(({ path }) => path !== 'clock.ts').flatMap(bareTime),
  'a file has at most 300 lines': (files) =>
    files
      .map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }))
      .filter(({ path, lines }) => lines > (path === FACADE ? FACADE_LINES : MAX_LINES))
      .map(({ path, lines }) => `${path}: ${lines} lines`),
} satisfies Record<string, Rule>;

/** `index.ts` of the root or of a folder that is a sub-path of the package. */
function isEntry(path: string): boolean {
  return basename(path) === 'index.ts';
}

function isRootEntry(path: string): boolean {
  return path === 'index.ts';
}

/** The folder, or for a file of src itself its name. */
function conceptOf(path: string): string {
  const [first = ''] = path.split('/');
  return first.replace(/\.ts$/, '');
}

function layerOf(path: string): number {
  return LAYERS.findIndex((layer) => layer.includes(conceptOf(path)));
}

function upwardImports(file: SourceFile): string[] {
  return importsOf(file)
    .flatMap(({ path }) => (path === undefined ? [] : [path]))
    .filter((target) => !maySee(file.path, target))
    .map((target) => `${file.path} imports ${target}`);
}

function maySee(from: string, target: string): boolean {
  const bothInRoot = !from.includes('/') && !target.includes('/');
  if (bothInRoot || conceptOf(from) === conceptOf(target)) return !isRootEntry(target);
  return layerOf(target) >= 0 && layerOf(target) < layerOf(from);
}

function upwardParts(file: SourceFile): string[] {
  const parts = PARTS[conceptOf(file.path)];
  if (!parts) return [];
  const heightOf = (path: string): number => {
    const part = partOf(path);
    return part === undefined ? parts.length : parts.findIndex((names) => names.includes(part));
  };
  return importsOf(file)
    .flatMap(({ path }) => (path === undefined ? [] : [path]))
    .filter((target) => conceptOf(target) === conceptOf(file.path) && partOf(target) !== partOf(file.path))
    .filter((target) => heightOf(target) < 0 || heightOf(target) >= heightOf(file.path))
    .map((target) => `${file.path} imports ${target}`);
}

function partOf(path: string): string | undefined {
  return path.split('/').length > 2 ? path.split('/')[1] : undefined;
}

function packageUses(
  files: readonly SourceFile[],
  name: RegExp,
  allowed: (path: string) => boolean,
): string[] {
  return files
    .filter(({ path }) => !allowed(path))
    .flatMap((file) => importsOf(file).map(({ specifier }) => ({ path: file.path, specifier })))
    .filter(({ specifier }) => name.test(specifier))
    .map(({ path, specifier }) => `${path} imports ${specifier}`);
}

function cycles(files: readonly SourceFile[]): string[] {
  const targets = new Map(
    files.map((file) => [file.path, importsOf(file).flatMap(({ path }) => path ?? [])]),
  );
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) found.push([...trail.slice(start), path].join(' → '));
    if (start >= 0 || done.has(path)) return;
    for (const target of targets.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of targets.keys()) visit(path, []);
  return found;
}

function badNames({ path }: SourceFile): string[] {
  const folders = path.split('/').slice(0, -1);
  const vague = folders.filter((folder) => VAGUE.has(folder));
  if (vague.length > 0) return [`${path}: the folder ${vague.join(', ')} names no concept`];
  return FILE_NAME.test(basename(path)) ? [] : [`${path}: not kebab-case`];
}

function statements(file: SourceFile): string[] {
  return parse(file)
    .statements.filter((node) => !isNamedReExport(node))
    .map((node) => `${file.path}: ${node.getText().split('\n')[0]}`);
}

function isNamedReExport(node: ts.Statement): boolean {
  if (!ts.isExportDeclaration(node) || !node.moduleSpecifier) return false;
  return node.exportClause !== undefined && ts.isNamedExports(node.exportClause);
}

function bareTime(file: SourceFile): string[] {
  const tree = parse(file);
  const found = importsOf(file)
    .filter(({ specifier }) => TIME_MODULE.test(specifier))
    .map(({ specifier }) => `${file.path} imports ${specifier}`);
  walk(tree, (node) => {
    if (!readsTime(node)) return;
    const { line } = tree.getLineAndCharacterOfPosition(node.getStart());
    found.push(`${file.path}:${line + 1} ${node.getText()}`);
  });
  return found;
}

function readsTime(node: ts.Node): boolean {
  if (ts.isNewExpression(node))
    return node.expression.getText() === 'Date' && (node.arguments?.length ?? 0) === 0;
  if (ts.isPropertyAccessExpression(node)) {
    const text = node.getText().replace(/^globalThis\./, '');
    return text === 'Date.now' || text === 'performance.now' || text.startsWith('process.hrtime');
  }
  if (!ts.isIdentifier(node) || !TIMERS.has(node.text)) return false;
  const { parent } = node;
  const isMember = ts.isPropertyAccessExpression(parent) && parent.name === node;
  return isMember ? parent.expression.getText() === 'globalThis' : !ts.isPropertyAssignment(parent);
}
