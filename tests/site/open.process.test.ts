import { type ChildProcess, spawn } from 'node:child_process';
import { request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** As it is asked: `fetch` would mend the path and the host. */
const ask = (
  url: string,
  { path = '/', method = 'GET', host }: { path?: string; method?: string; host?: string } = {},
) =>
  new Promise<Answer>((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const asked = request(
      { hostname, port, path, method, ...(host !== undefined && { headers: { host } }) },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          body += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode!, body, headers: response.headers }));
      },
    );
    asked.on('error', reject);
    asked.end();
  });

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Until its first line, or its end. */
function started(...args: readonly string[]) {
  const child = spawn(process.execPath, ['bin/run.js', 'open', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let [stdout, stderr] = ['', ''];
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const exited = new Promise<number | null>((resolve) => child.on('exit', resolve));
  const printed = new Promise<string>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (/\}\n$|Ctrl-C/.test(stdout)) resolve(stdout);
    });
    child.on('exit', () => resolve(stdout));
  });
  return { child, exited, printed, stderr: () => stderr };
}

describe('gc-plan open', () => {
  it('serves the page on a loopback port, and nothing else to nobody else, until Ctrl-C: exit 0', async () => {
    const { child, exited, printed, stderr } = started(
      'tiny',
      '--vram',
      '2GB',
      '--no-set-to-none',
      '--runtime',
      'pytorch',
      '--json',
    );
    const { schema, url, command } = JSON.parse(await printed);
    expect(schema).toBe('gc-plan/open@1');
    expect(command).toBe('gc-plan estimate tiny --runtime pytorch --no-set-to-none --vram 2GB');
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#model=tiny&/);
    expect(Object.fromEntries(new URLSearchParams(new URL(url).hash.slice(1)))).toEqual({
      model: 'tiny',
      vram: '2GB',
      runtime: 'pytorch',
      'set-to-none': 'false',
    });
    const page = await ask(url);
    expect(page.status).toBe(200);
    expect(page.body).toContain('What a GraphCast-like model needs of a GPU');
    expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect((await ask(url, { path: '/index.html' })).status).toBe(200);
    expect(await ask(url, { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
    for (const path of ['/../package.json', '/%2e%2e/package.json', '/package.json', '//etc/passwd', '/site/'])
      expect((await ask(url, { path })).status, path).toBe(404);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) expect((await ask(url, { method })).status).toBe(405);
    for (const host of ['stranger.example', `stranger.example:${new URL(url).port}`, 'localhost'])
      expect((await ask(url, { host })).status, host).toBe(403);
    expect((await ask(url, { host: `localhost:${new URL(url).port}` })).status).toBe(200);
    child.kill('SIGINT');
    expect(await exited).toBe(0);
    expect(stderr()).toBe('');
    await expect(ask(url)).rejects.toThrow();
  });

  it('says where, and how it ends', async () => {
    const { child, exited, printed } = started('graphcast-small', '--gpu', 'rtx-4090');
    const text = await printed;
    expect(text).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#model=graphcast-small&gpu=rtx-4090\n/);
    child.kill('SIGTERM');
    expect(await exited).toBe(0);
  });

  it('opens no page of what cannot be priced: exit 2', async () => {
    const { exited, printed, stderr } = started('tiny', '--layers', '0');
    expect(await printed).toBe('');
    expect(await exited).toBe(2);
    expect(stderr()).toContain('--layers 0');
  });
});
