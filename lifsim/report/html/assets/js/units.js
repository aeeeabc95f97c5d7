// Values with their units, as the tables have them.
const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
const DECIMAL = [[12, 'T'], [9, 'G'], [6, 'M'], [3, 'k'], [0, ''], [-3, 'm'], [-6, 'u'], [-9, 'n'], [-12, 'p']];

function digits(value, count) {
  return String(Number(value.toPrecision(count)));
}

function binary(value, count) {
  let place = 0;
  let left = value;
  while (Math.abs(left) >= 1024 && place < BINARY.length - 1) {
    left /= 1024;
    place += 1;
  }
  return `${digits(left, count)} ${BINARY[place]}`;
}

function decimal(value, unit, count) {
  if (value === 0) return `0 ${unit}`.trim();
  const [exponent, prefix] = DECIMAL.find(([power]) => Math.abs(value) >= 10 ** power) || DECIMAL[DECIMAL.length - 1];
  return `${digits(value / 10 ** exponent, count)} ${prefix}${unit}`.trim();
}

// In full: 12,404,224 cycles are told to the last one.
function told(value, unit) {
  if (unit === '') return Math.round(value).toLocaleString('en-US');
  return short(value, unit, 4);
}

function short(value, unit, count = 4) {
  if (unit === 'B') return binary(value, count);
  if (unit === 'share') return `${digits(100 * value, count)}%`;
  if (unit === '' && Math.abs(value) < 1) return digits(value, count);
  if (unit === 'pJ') return decimal(value * 1e-12, 'J', count);
  return decimal(value, unit, count);
}
