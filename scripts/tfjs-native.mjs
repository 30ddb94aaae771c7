/**
 * `npm run tfjs:native`, after `npm run build`: what `gc-plan verify --install native` does, for the packages of a clone.
 * TF_DIST=tensorflow takes the CUDA build (the CUDA libraries themselves come with `pip install tensorflow[and-cuda]`).
 */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildNative } from '../dist/verify/backends/native-build.js';

const cache = fileURLToPath(new URL('../.cache', import.meta.url));
const manifest = createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu/package.json');
try {
  await buildNative(dirname(manifest), cache, { tell: (what) => console.log(`tfjs:native: ${what}`) });
  console.log('tfjs:native: TensorFlow and the addon are ready');
} catch (error) {
  console.error(`tfjs:native: ${error.message}`);
  process.exitCode = 1;
}
