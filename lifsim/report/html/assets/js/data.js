// What the page is of: charts, files, colours.
const page = JSON.parse(document.getElementById('data').textContent);
