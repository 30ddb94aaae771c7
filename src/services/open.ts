/** `gc-plan open`: the built page on a loopback port, with a configuration filled in. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readBuilt } from '../config/assets.js';
import { shown } from '../config/nearest.js';
import { isProfileFile } from '../config/profiles.js';
import { readAt, withRegularFile } from '../config/read-file.js';
import { InputError } from '../errors.js';
import { readerOf } from '../models/importing/index.js';
import { type Question, toHash } from '../options/address.js';
import { isConfigurationFile } from '../options/load-model.js';
import { modelUnnamed, type ResolveInput, resolveConfig } from '../options/resolve.js';
import type { Opened } from '../reports/open/schema.js';
import { estimateCommand } from '../search/command-line.js';
import { tool } from '../version.js';
import { recordedCommand, recordedStep } from './recorded.js';

export interface OpenInput extends ResolveInput {
  /** In place of a model: a step that `gc-plan capture` recorded. */
  readonly traceFile?: string | undefined;
}

export interface OpenPage {
  readonly report: Opened;
  readonly close: () => Promise<void>;
}

/** Serves the page until it is closed. @throws InputError where what it is to show cannot be priced */
export async function open({ traceFile, ...input }: OpenInput): Promise<OpenPage> {
  const { question, command, files } =
    traceFile === undefined ? await ofModel(input) : await ofTrace({ traceFile, ...input });
  const { url, close } = await servePage(files);
  return { report: { schema: 'gc-plan/open@1', tool: tool(), url: url + toHash(question), command }, close };
}

interface Asked {
  readonly question: Question;
  readonly command: string;
  /** Of the user's, which the page is served with, since it could read none. */
  readonly files: readonly string[];
}

async function ofModel({ model, flags: typed }: ResolveInput): Promise<Asked> {
  const { device } = await resolveConfig({ model, flags: typed });
  // A page does not see this machine's card.
  const flags = typed.gpu === undefined || device === null ? typed : { ...typed, gpu: device.name };
  const isFile = model !== undefined && (isProfileFile(model) || (await isConfigurationFile(model)));
  const files = [...(isFile ? [model] : []), ...(flags.import === undefined ? [] : [String(flags.import)])];
  const unreadable = files.find((file) => readerOf(file) !== undefined);
  if (unreadable !== undefined)
    throw new InputError('not-on-the-page', `${shown(unreadable)}: the page reads no checkpoints.`, [
      `gc-plan estimate --import ${shown(unreadable)}`,
    ]);
  const named = model ?? (flags.import === undefined ? modelUnnamed : undefined);
  return { question: { model: named, flags }, command: estimateCommand(model, flags), files };
}

async function ofTrace(input: OpenInput & { readonly traceFile: string }): Promise<Asked> {
  await recordedStep(input);
  const { traceFile: trace, flags } = input;
  return { question: { trace, flags }, command: recordedCommand('estimate', input), files: [trace] };
}

interface PageServer {
  /** Without what follows the `#`. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

const loopback = '127.0.0.1';

/** The page asks for nothing, and no other page may show it or read it. */
const headers = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': "frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
} as const;

async function servePage(files: readonly string[]): Promise<PageServer> {
  const page = withFiles(readBuilt('site/index.html'), files);
  const server = createServer((request, response) => answer(server, page, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, loopback, resolve);
  });
  return {
    url: `http://${hostOf(server)}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const hostOf = (server: Server, name: string = loopback): string => `${name}:${(server.address() as AddressInfo).port}`;

function answer(
  server: Server,
  page: string,
  { method, url, headers: asked }: IncomingMessage,
  response: ServerResponse,
) {
  const refuse = (status: number, why: string) =>
    response.writeHead(status, { ...headers, 'Content-Type': 'text/plain; charset=utf-8' }).end(`${why}\n`);
  // A name of a stranger's that leads to this machine (DNS rebinding) is not ours.
  if (asked.host !== hostOf(server) && asked.host !== hostOf(server, 'localhost'))
    return refuse(403, `This page is http://${hostOf(server)}/ and nothing else.`);
  if (method !== 'GET' && method !== 'HEAD') return refuse(405, 'There is nothing but a page to get.');
  const [path] = (url ?? '').split('?');
  if (path !== '/' && path !== '/index.html') return refuse(404, 'There is no other file.');
  return response.writeHead(200, headers).end(method === 'HEAD' ? undefined : page);
}

/** More than any trace has. */
const mostBytes = 256 * 2 ** 20;

function withFiles(page: string, files: readonly string[]): string {
  if (files.length === 0) return page;
  const contents = files.map((file) => [
    file,
    withRegularFile(file, (descriptor, sizeBytes) =>
      readAt(descriptor, 0, Math.min(sizeBytes, mostBytes)).toString('base64'),
    ),
  ]);
  const data = JSON.stringify(Object.fromEntries(contents)).replaceAll('<', '\\u003c');
  return page.replace('<script>', () => `<script>globalThis.gcPlanFiles=${data};</script>\n<script>`);
}
