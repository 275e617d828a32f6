package io.earshot.bench.work;

import java.util.Random;

/** Writes text that compresses like chat, which a repeated character would not. */
public final class ChatText {
  private static final String[] WORDS =
      ("the of and to in that is it you for on are with as they be at one have this from or had by not word"
              + " but what some we can out other were all there when up use your how said an each she which"
              + " do their time if will way about many then them would like so these her long make thing see"
              + " him two has look more day could go come did number sound no most people my over know water"
              + " than call first who may down side been now find any new work part take get place made live"
              + " where after back little only round man year came show every good me give our under name"
              + " very through just form sentence great think say help low line differ turn cause much mean"
              + " before move right boy old too same tell does set three want air well also play small end put"
              + " home read hand port large spell add even land here must big high such follow act why ask"
              + " men change went light kind off need house picture try us again animal point mother world"
              + " near build self earth father head stand own page should country found answer school grow"
              + " study still learn plant cover food sun four between state keep eye never last let thought")
          .split(" ");

  private ChatText() {}

  /** Some words, cut to a length in bytes. */
  public static String of(int length, Random random) {
    var text = new StringBuilder(length + 16);
    while (text.length() < length) {
      text.append(' ').append(WORDS[random.nextInt(WORDS.length)]);
    }
    return text.substring(0, length);
  }
}
