/** What lies on the card at the peak: the six categories, what the allocator holds beyond them, context and libraries. */
import type { EChartsOption } from 'echarts';
import { formatBytes, unitOf } from '../units.js';
import { categories } from './numbers.js';
import type { AnyEstimate } from './schema.js';

/** Seen on white and on black. */
const faint = { lineStyle: { color: 'rgba(128,128,128,0.3)' } };

export function onTheCard(estimate: AnyEstimate): { readonly title: string; readonly option: EChartsOption } {
  const { memory, verdict, config } = estimate;
  const parts = [
    ...categories(estimate),
    ['allocator', memory.peakReservedBytes - memory.peakLiveBytes],
    ['context, libraries', memory.deviceBytes - memory.peakReservedBytes],
  ] as const;
  const usable = 'usableBytes' in verdict ? { name: config.device?.name ?? '', bytes: verdict.usableBytes } : undefined;
  const unit = unitOf(memory.deviceBytes);
  const largestBytes = Math.max(memory.deviceBytes, usable?.bytes ?? 0);
  const inUnits = (bytes: number) => Number((bytes / unit.bytes).toFixed(3));
  const line = usable && {
    silent: true,
    symbol: 'none',
    lineStyle: { type: 'dashed' as const, width: 2 },
    label: {
      formatter: `${usable.name}: ${formatBytes(usable.bytes)} usable`,
      position: 'end' as const,
      textBorderWidth: 0,
    },
    data: [{ xAxis: inUnits(usable.bytes) }],
  };
  const said = parts.map(([name, bytes]) => `${name} ${formatBytes(bytes)}`).join(', ');
  return {
    title: `On the card at the peak, ${formatBytes(memory.deviceBytes)}: ${said}${usable ? `; ${formatBytes(usable.bytes)} usable on ${usable.name}` : ''}`,
    option: {
      grid: { left: 10, right: 24, top: 64, bottom: 40 },
      legend: { top: 0, left: 0, itemGap: 14 },
      xAxis: {
        type: 'value',
        name: unit.name,
        nameLocation: 'middle',
        nameGap: 24,
        max: Math.ceil(inUnits(largestBytes * 1.02)),
        splitLine: faint,
      },
      yAxis: { type: 'category', data: [''], axisLine: { show: false }, axisTick: { show: false } },
      series: parts.map(([name, bytes], index) => ({
        type: 'bar' as const,
        name,
        stack: 'card',
        barWidth: 36,
        data: [inUnits(bytes)],
        ...(index === 0 && line ? { markLine: line } : {}),
      })),
    },
  };
}
