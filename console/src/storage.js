// What GraphiQL keeps in the browser, without headers: they hold keys, which are gone with the page. GraphiQL's history
// writes the headers of every request, whatever shouldPersistHeaders says.
const HISTORIES = ['graphiql:queries', 'graphiql:favorites'];

const withoutHeaders = (text) => JSON.stringify(JSON.parse(text), (name, value) => (name === 'headers' ? undefined : value));

export const storage = {
  getItem: (name) => localStorage.getItem(name),
  setItem: (name, text) => localStorage.setItem(name, HISTORIES.includes(name) ? withoutHeaders(text) : text),
  removeItem: (name) => localStorage.removeItem(name),
  clear: () => localStorage.clear(),
  get length() {
    return localStorage.length;
  },
};
