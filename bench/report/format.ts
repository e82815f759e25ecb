export const count = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 1 });

export const seconds = (ms: number): string => {
  const value = ms / 1_000;
  return `${value.toFixed(value < 1 ? 2 : 1)} s`;
};

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;

export const kilobytes = (bytes: number): string => `${(bytes / 1e3).toFixed(0)} kB`;
