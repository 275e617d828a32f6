// For <script src>: defines the global Earshot.
import { Earshot } from './earshot.js';

globalThis.Earshot = Earshot;
