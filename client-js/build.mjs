// Builds what the package has besides its source: bundles for pages, and the modules for CommonJS.
// With esbuild (after `npm ci`) the bundles are minified. Without it they are complete as well, only longer.
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const here = (path) => new URL(path, import.meta.url).pathname;
const esbuild = await import('esbuild').catch(() => null);
const source = readFileSync(here('src/earshot.js'), 'utf8');
const script = source.replace(/^export /gm, '');

mkdirSync(here('dist'), { recursive: true });
for (const name of ['earshot', 'react']) {
  const module = readFileSync(here(`src/${name}.js`), 'utf8');
  const names = [...module.matchAll(/^export (?:class|function) (\w+)/gm)].map(([, exported]) => exported);
  const body = module.replace(/^export /gm, '').replace(/^import (.+) from (.+);$/gm, 'const $1 = require($2);');
  writeFileSync(here(`dist/${name}.cjs`), `'use strict';\n${body}\nmodule.exports = { ${names.join(', ')} };\n`);
  copyFileSync(here(`src/${name}.d.ts`), here(`dist/${name}.d.cts`));
}
if (esbuild) {
  // What begins with an underscore is the client's own, and gets a short name.
  const settings = { bundle: true, minify: true, target: 'es2022', mangleProps: /^_/, logLevel: 'warning' };
  await esbuild.build({ ...settings, entryPoints: [here('src/earshot.js')], format: 'esm', outfile: here('dist/earshot.min.js') });
  await esbuild.build({ ...settings, entryPoints: [here('src/global.js')], format: 'iife', outfile: here('dist/earshot.global.js') });
  // The documentation has the size. A package has no documentation.
  const page = here('../docs/clients.md');
  const bundle = readFileSync(here('dist/earshot.min.js'));
  const [brotli, gzip] = [brotliCompressSync(bundle), gzipSync(bundle, { level: 9 })].map(({ length }) => (length / 1_000).toFixed(1));
  const size = /(<!-- size -->).*?(<!-- \/size -->)/;
  if (existsSync(page)) writeFileSync(page, readFileSync(page, 'utf8').replace(size, `$1${brotli} kB with Brotli, ${gzip} kB with gzip$2`));
} else {
  console.warn('esbuild is not installed (npm ci), so the bundles are not minified');
  writeFileSync(here('dist/earshot.min.js'), source);
  writeFileSync(here('dist/earshot.global.js'), `(() => {\n${script}\nglobalThis.Earshot = Earshot;\n})();\n`);
}
