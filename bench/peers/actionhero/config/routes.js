// None, but it asks for them.
exports.DEFAULT = { routes: () => ({ get: [] }) };
