/** One process per configuration: runs the steps, measures the last one, says what came of it, and ends with its parent. */
import { InputError } from '../errors.js';
import { forwardProgram } from '../models/index.js';
import { segment } from '../runtimes/tfjs/segments.js';
import { type Backend, type LoadedBackend, loadBackend } from './backends/index.js';
import { trainer } from './interpreter.js';
import { engineOf } from './library.js';
import { type StepMeasurement, startMeter } from './meter.js';
import type { FromWorker, Job, Measurement, Phase, Probe, StagesJob } from './protocol.js';
import { residentMeter } from './resident.js';
import { trainStages } from './stages.js';

const tell = (message: FromWorker) => process.send?.(message);

/** Between two kernels a step gives no event a chance: a parent that is gone is noticed here. */
const kernelsPerCheck = 50;

/** The parent's own word: by the time that this is read, it may be gone, and another process be the parent. */
const parent = Number(process.argv[2]);

function endWithParent(): void {
  if (process.ppid !== parent || !process.connected) process.exit(1);
}

function watchParent(backend: LoadedBackend): void {
  const engine = engineOf(backend.tf);
  const { runKernel } = engine;
  let numKernels = 0;
  engine.runKernel = (...args) => {
    if (++numKernels % kernelsPerCheck === 0) {
      endWithParent();
      if (collectsGarbage) globalThis.gc?.();
    }
    return runKernel.apply(engine, args);
  };
}

/** Dead JavaScript arrays would count as resident; collecting them takes longer than the step, so only the measured one does. */
let collectsGarbage = false;

const withoutLibrary = ({ name, version, device }: LoadedBackend): Backend => ({ name, version, device });

async function loaded({ backend: choice, numSteps }: Job | StagesJob): Promise<LoadedBackend> {
  tell({ kind: 'progress', step: 0, numSteps, phase: 'loading' });
  const backend = await loadBackend(choice);
  endWithParent();
  watchParent(backend);
  return backend;
}

async function runStages(job: StagesJob): Promise<FromWorker> {
  const backend = await loaded(job);
  const { configs, numSteps } = job;
  const at = { stage: 1, step: 0 };
  const report = (phase: Phase) => tell({ kind: 'progress', ...at, numSteps, phase });
  const stages = trainStages(backend.tf, configs, {
    numSteps,
    meter: startMeter(backend.tf, report),
    onStep(stage, step) {
      Object.assign(at, { stage, step });
      if (step === 0) report('building');
    },
  });
  return { kind: 'trained', backend: withoutLibrary(backend), stages };
}

async function run(job: Job): Promise<Measurement> {
  const backend = await loaded(job);
  const { config, numSteps } = job;
  tell({ kind: 'progress', step: 0, numSteps, phase: 'building' });
  const program = forwardProgram(config.model, config.recipe, segment(config));
  const meter = startMeter(backend.tf, (phase) => tell({ kind: 'progress', step, numSteps, phase }));
  let step = 0;
  const training = trainer(backend.tf, config, program);
  const parameterBytes = [...training.parameters.values()].reduce((sum, { size }) => sum + 4 * size, 0);
  // Pure JavaScript's arrays come and go with the garbage collector: its resident set says nothing about them.
  const resident = backend.name === 'js' ? undefined : residentMeter(meter.liveBytes());
  const losses: number[] = [];
  const times: number[] = [];
  let measured: StepMeasurement | undefined;
  let residentBytes: number | undefined;
  for (step = 1; step <= numSteps; step++) {
    if (step === numSteps) {
      collectsGarbage = resident !== undefined;
      resident?.begin();
    }
    meter.beginStep();
    const start = performance.now();
    const loss = training.step({
      optimizerBegins: meter.beginOptimizer,
      stepEnds() {
        measured = meter.endStep();
        residentBytes = resident?.peakBytes();
      },
    });
    times.push(performance.now() - start);
    losses.push(loss);
  }
  const timed = times.slice(1, -1).toSorted((a, b) => a - b);
  return {
    backend: withoutLibrary(backend),
    parameterBytes,
    step: measured!,
    losses,
    ...(timed.length > 0 && { stepTimeMs: timed[Math.floor(timed.length / 2)]! }),
    ...(residentBytes !== undefined && { residentBytes }),
  };
}

/** V8, typed arrays and TensorFlow each say it in their own words. */
const outOfMemory =
  /allocation failed|out of memory|OOM when allocating|bad_alloc|Invalid typed array length|Cannot allocate/i;

function failure(error: unknown): FromWorker {
  if (error instanceof InputError) {
    const { code, message, nextSteps } = error;
    return { kind: 'input-error', code, message, nextSteps };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return outOfMemory.test(message)
    ? { kind: 'out-of-memory', message: message.split('\n')[0]! }
    : { kind: 'bug', message };
}

async function answerTo(job: Job | StagesJob | Probe): Promise<FromWorker> {
  if (job.kind === 'stages') return runStages(job);
  if (job.kind === 'probe') return { kind: 'loaded', backend: withoutLibrary(await loadBackend(job.backend)) };
  return { kind: 'measured', measurement: await run(job) };
}

process.once('disconnect', () => process.exit());
endWithParent();
process.once('message', async (job: Job | StagesJob | Probe) => {
  const answer = await answerTo(job).catch(failure);
  process.send?.(answer, () => process.disconnect());
});
