import type { Report } from './formats.js';

export const renderJson = (report: Report): string => JSON.stringify(report, null, 2);
