// actionHero without changes, with the settings in the folder config.
const path = require('path');

process.env.PROJECT_ROOT = __dirname;
process.env.NODE_ENV = 'production';
process.env.ACTIONHERO_TYPESCRIPT_MODE = 'false';
process.env.ACTIONHERO_CONFIG = path.join(__dirname, 'config');

const { Process } = require('actionhero');

new Process().start();
