// What stands beside the pointer: elements with text in them, so that no name is ever markup.
function element(name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

// lines: [colour or null, name, value]
function tip(title, lines) {
  const box = element('div', undefined, 'tip');
  box.append(element('b', title));
  for (const [colour, name, value] of lines) {
    const line = element('div');
    const left = element('span');
    if (colour) {
      const swatch = element('i');
      swatch.style.background = colour;
      left.append(swatch);
    }
    left.append(name);
    line.append(left, element('span', value));
    box.append(line);
  }
  return box;
}

function tooltip(colours, trigger, formatter) {
  return {
    trigger,
    confine: true,
    transitionDuration: 0,
    backgroundColor: colours.paper,
    borderColor: colours.line,
    textStyle: { color: colours.ink },
    axisPointer: { type: trigger === 'axis' ? 'shadow' : 'none', label: { show: false }, animation: false },
    formatter,
  };
}
