// Files that are in the page, saved by the reader.
function save(name, text) {
  const kind = name.endsWith('.csv') ? 'text/csv' : name.endsWith('.json') ? 'application/json' : 'text/plain';
  const address = URL.createObjectURL(new Blob([text], { type: `${kind};charset=utf-8` }));
  const link = element('a');
  link.href = address;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

function offerDownloads() {
  for (const button of document.querySelectorAll('button.download')) {
    button.hidden = false;
    button.addEventListener('click', () => save(button.dataset.name, page.files[button.dataset.file]));
  }
}
