/* Counts views and events; part of Goatapi.
 * <script data-goatcounter="https://SITE/count" async src="https://SITE/count.js"></script>
 * Single-page apps: goatcounter.count() after each change of the address.
 */
(function () {
  'use strict';

  var IN_JSON = 'no_onload no_events allow_local allow_frame path title referrer event'.split(' ');
  var LONGEST = {t: 1024, r: 2048, q: 8192}; // more would be refused
  var LOCAL = /(^|\.)localhost$|^\[::1]$|^(0|10|127|192\.168|172\.(1[6-9]|2\d|3[01]))(\.\d+)+$/;

  var doc = document;
  var own = doc.currentScript;
  var sent;
  var gc = window.goatcounter = window.goatcounter || {};

  function say(how, text) {
    if (window.console) console[how]('goatcounter: ' + text);
  }

  // Modules and loaders hide which script tag is ours.
  function setup(name) {
    var tag = own && own.hasAttribute(name) ? own : doc.querySelector('script[' + name + ']');
    return tag && tag.getAttribute(name);
  }

  function read_settings() {
    var name = 'data-goatcounter-settings', found;
    try {
      found = Object(JSON.parse(setup(name) || '{}'));
    } catch (error) {
      return say('error', name + ': ' + error.message);
    }
    IN_JSON.forEach(function (key) {
      if (key in found) gc[key] = found[key];
    });
  }

  function endpoint() {
    var url = setup('data-goatcounter') || gc.endpoint;
    if (!url) say('error', 'no data-goatcounter attribute');
    return url;
  }

  // encodeURIComponent throws for half a surrogate pair, as cutting leaves it.
  function encode(value) {
    return encodeURIComponent(String(value).replace(/([\ud800-\udbff][\udc00-\udfff])|[\ud800-\udfff]/g, '$1'));
  }

  function to_query(values) {
    var query = '', key, value;
    for (key in values) {
      value = values[key];
      if (!(value == null || value === '' || value === false))
        query += (query && '&') + key + '=' + encode(String(value).slice(0, LONGEST[key]));
    }
    return '?' + query;
  }

  // This call's value, else the settings', else the page's, which a callback gets.
  function choose(vars, name, of_page) {
    var value = vars[name] == null ? gc[name] : vars[name];
    if (typeof value === 'function') return value(of_page);
    return value == null ? of_page : value;
  }

  function host_of(place) {
    return place.hostname.replace(/^www\./, '');
  }

  function page_path() {
    var at = location, link = doc.querySelector('link[rel="canonical"][href]'), anchor;
    if (link) {
      anchor = doc.createElement('a');
      anchor.href = link.href;
      if (host_of(anchor) === host_of(at)) at = anchor;
    }
    return at.pathname + at.search || '/';
  }

  function bot_hint() {
    var w = window;
    if (w.callPhantom || w._phantom || w.phantom) return 150;
    if (w.__nightmare) return 151;
    if (doc.__selenium_unwrapped || doc.__webdriver_evaluate || doc.__driver_evaluate) return 152;
    return navigator.webdriver ? 153 : 0;
  }

  function skipped(change) {
    try {
      if (change) localStorage.setItem('skipgc', change);
      return localStorage.getItem('skipgc') === 't';
    } catch (error) { // not allowed
      return false;
    }
  }

  function when(now, run) {
    if (now) run();
    else doc.addEventListener('DOMContentLoaded', run);
  }

  function set(element, attributes) {
    for (var name in attributes) element.setAttribute(name, attributes[name]);
  }

  function by_image(url) {
    var img = doc.createElement('img');
    set(img, {alt: '', 'aria-hidden': true, width: 1, height: 1, src: url});
    img.style.position = 'absolute';
    img.onload = img.onerror = function () {
      if (img.parentNode) img.parentNode.removeChild(img);
    };
    doc.body.appendChild(img);
  }

  function send(url) {
    sent = url;
    try {
      if (navigator.sendBeacon(url)) return;
    } catch (error) { /* not allowed */ }
    when(doc.body, function () { by_image(url); });
  }

  // Why not to count, or false.
  gc.filter = function () {
    if (doc.visibilityState === 'prerender' || doc.prerendering) return 'visibilityState';
    if (!gc.allow_frame && window !== window.parent) return 'frame';
    if (!gc.allow_local) {
      if (LOCAL.test(location.hostname)) return 'localhost';
      if (location.protocol === 'file:') return 'localfile';
    }
    return skipped() && 'disabled with #toggle-goatcounter';
  };

  gc.get_data = function (vars) {
    vars = vars || {};
    var data = {
      p: choose(vars, 'path', page_path()),
      r: choose(vars, 'referrer', doc.referrer),
      t: choose(vars, 'title', doc.title),
      e: !!choose(vars, 'event', false),
      s: screen.width,
      b: bot_hint(),
      q: location.search
    };
    if (vars.no_session) data.ns = true;
    return data;
  };

  gc.url = function (vars) {
    var data = gc.get_data(vars), to = endpoint();
    if (!data.p || !to) return;
    data.rnd = (Math.random().toString(36) + '00000').slice(2, 7);
    return to + to_query(data);
  };

  gc.count = function (vars) {
    var reason = gc.filter(), url;
    if (reason) return say('warn', 'not counted: ' + reason);
    url = gc.url(vars);
    if (url) send(url);
  };

  gc.get_query = function (name) {
    var query = location.search.replace('?', '&');
    var at = query.toLowerCase().indexOf('&' + name.toLowerCase() + '=');
    if (at >= 0) return query.slice(at + name.length + 2).split('&')[0];
  };

  gc.bind_events = function () {
    [].forEach.call(doc.querySelectorAll('[data-goatcounter-click]'), bind);
  };

  function bind(element) {
    var mark = 'data-goatcounter-';
    if (element.hasAttribute(mark + 'bound')) return;
    element.setAttribute(mark + 'bound', true);

    function says(name) {
      return element.getAttribute(name) || '';
    }

    function clicked() {
      gc.count({
        event: true,
        path: says(mark + 'click') || says('name') || says('id'),
        title: says(mark + 'title') || says('title') || element.innerHTML.slice(0, 200),
        referrer: says(mark + 'referrer') || says(mark + 'referral'),
        no_session: /^(1|t|true)$/i.test(says(mark + 'no-session'))
      });
    }

    element.addEventListener('click', clicked);
    element.addEventListener('auxclick', clicked);
  }

  gc.visit_count = function (opt) {
    opt = opt || {};
    when(doc.readyState !== 'loading', function () {
      var type = opt.type || 'html', framed = type === 'html';
      var path = opt.path || gc.get_data().p || location.pathname;
      var box = doc.createElement(framed ? 'iframe' : 'img');
      var parent = doc.querySelector(opt.append || 'body');
      if (!parent) return say('error', 'nothing is ' + opt.append);
      set(box, {width: 200, height: opt.no_branding ? 60 : 80});
      if (framed) set(box, {frameborder: 0, scrolling: 'no'});
      set(box, opt.attr);
      box.src = endpoint() + 'er/' + encode(path) + '.' + type + to_query({
        no_branding: opt.no_branding && 1, style: opt.style, start: opt.start, end: opt.end
      });
      parent.appendChild(box);
    });
  };

  function first_view() {
    if (!doc.visibilityState || doc.visibilityState === 'visible') return gc.count();
    doc.addEventListener('visibilitychange', function shown() {
      doc.removeEventListener('visibilitychange', shown);
      first_view();
    });
  }

  // sendBeacon does not tell when a policy blocks it.
  doc.addEventListener('securitypolicyviolation', function (event) {
    if (sent && event.effectiveDirective === 'connect-src' && event.blockedURI.indexOf(sent) >= 0) by_image(sent);
  });

  read_settings();

  if (location.hash === '#toggle-goatcounter')
    alert('This browser is ' + (skipped(skipped() ? 'f' : 't') ? 'no longer' : 'again') + ' counted.');

  if (!gc.no_onload) {
    when(doc.body, first_view);
    when(doc.readyState !== 'loading', function () {
      if (!gc.no_events) gc.bind_events();
    });
  }
})();
