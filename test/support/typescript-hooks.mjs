import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ENTRIES = new Map([
  ['nestjs-redis-cache', '../../src/index.ts'],
  ['nestjs-redis-cache/testing', '../../src/testing/index.ts'],
  ['nestjs-redis-cache/socket-io', '../../src/socket-io/index.ts'],
]);

const compilerOptions = ts.readConfigFile(
  fileURLToPath(new URL('../../tsconfig.json', import.meta.url)),
  (path) => readFileSync(path, 'utf8'),
).config.compilerOptions;

/** @type {import('node:module').ResolveHook} */
export async function resolve(specifier, context, next) {
  const entry = ENTRIES.get(specifier);
  if (entry) return { url: new URL(entry, import.meta.url).href, shortCircuit: true };
  if (/^\.{1,2}\/.*\.js$/.test(specifier) && context.parentURL) {
    const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
    if (existsSync(source)) return { url: source.href, shortCircuit: true };
  }
  return next(specifier, context);
}

/** @type {import('node:module').LoadHook} */
export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const fileName = fileURLToPath(url);
  const { outputText } = ts.transpileModule(readFileSync(fileName, 'utf8'), {
    fileName,
    compilerOptions: {
      ...compilerOptions,
      module: 'esnext',
      moduleResolution: 'bundler',
      inlineSourceMap: true,
    },
    reportDiagnostics: false,
  });
  return { format: 'module', source: outputText, shortCircuit: true };
}
