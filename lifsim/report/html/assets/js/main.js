// The page comes to life.
function nameSwitch(button) {
  button.textContent = isDark() ? 'Light colours' : 'Dark colours';
}

function begin() {
  const button = document.getElementById('theme');
  button.hidden = false;
  nameSwitch(button);
  button.addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark';
    nameSwitch(button);
    drawAll();
  });
  system.addEventListener('change', () => {
    nameSwitch(button);
    drawAll();
  });
  for (const part of document.querySelectorAll('details.run')) part.addEventListener('toggle', showAll);
  window.addEventListener('resize', () => {
    if (!printing) for (const chart of drawn.values()) if (chart.width !== chart.box.parentElement.clientWidth) draw(chart);
  });
  window.addEventListener('beforeprint', () => {
    printing = true;
    drawAll();
  });
  window.addEventListener('afterprint', () => {
    printing = false;
    drawAll();
  });
  offerDownloads();
  showAll();
  root.dataset.ready = 'yes';
}

begin();
