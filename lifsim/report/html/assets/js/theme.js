// Light or dark: as the reader's system has it, until the switch says otherwise; on paper always light.
const root = document.documentElement;
const system = window.matchMedia('(prefers-color-scheme: dark)');
let printing = false;

function isDark() {
  if (printing) return false;
  return root.dataset.theme ? root.dataset.theme === 'dark' : system.matches;
}

// Black cannot be seen on black.
function onDark(colour) {
  return colour === '#000000' ? '#f2f2f2' : colour;
}

function look() {
  const dark = isDark();
  return {
    dark,
    printing,
    ink: dark ? '#e8ebee' : '#1b1f24',
    soft: dark ? '#a9b2bc' : '#565f6a',
    line: dark ? '#3a424b' : '#d5dae0',
    shade: dark ? '#242a31' : '#eef0f2',
    paper: dark ? '#14171b' : '#ffffff',
    palette: dark ? page.palette.map(onDark) : page.palette,
  };
}

// Of a place in the palette; behind its end the same colours again, hatched.
function paint(place, colours) {
  const count = page.palette.length - 1;
  const hatch = { symbol: 'rect', dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: -Math.PI / 4, color: colours.paper };
  return { color: colours.palette[place % count], decal: place < count ? undefined : hatch };
}

function swatchOf(place, colours) {
  const { color, decal } = paint(place, colours);
  return decal ? `repeating-linear-gradient(45deg, ${color} 0 4px, ${colours.paper} 4px 6px)` : color;
}

function mixed(first, second, share) {
  const parts = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  const [from, to] = [parts(first), parts(second)];
  return `rgb(${from.map((one, place) => Math.round(one + (to[place] - one) * share)).join(',')})`;
}

// The colour of a timestep, the first dark, the last light; on dark paper from where it can be seen.
function shadeOf(step, count, dark) {
  const low = dark ? 0.25 : 0;
  const place = (low + (0.97 - low) * (count > 1 ? step / (count - 1) : 0)) * (page.gradient.length - 1);
  const below = Math.min(Math.floor(place), page.gradient.length - 2);
  return mixed(page.gradient[below], page.gradient[below + 1], place - below);
}
