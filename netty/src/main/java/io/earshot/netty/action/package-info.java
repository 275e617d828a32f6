/** Actions over HTTP, the chat among them: reading their params and encoding their answers. */
@NullMarked
package io.earshot.netty.action;

import org.jspecify.annotations.NullMarked;
