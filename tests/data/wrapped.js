var json_FACILINE_2 = {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [114.1, 22.3]}}]};
