package io.earshot.bench;

/** By which door clients come. */
enum Transport {
  WEBSOCKET,
  TCP
}
