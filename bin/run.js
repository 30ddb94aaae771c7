#!/usr/bin/env node
import { keepCompiledCode } from '../dist/cli/compile-cache.js';

keepCompiledCode();
const { main } = await import('../dist/cli/main.js');
await main();
