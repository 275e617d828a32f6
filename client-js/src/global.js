// For <script src>: the class alone, under its name.
import { Earshot } from './earshot.js';

globalThis.Earshot = Earshot;
