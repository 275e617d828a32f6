// No routes; actionHero requires this file.
exports.DEFAULT = { routes: () => ({ get: [] }) };
